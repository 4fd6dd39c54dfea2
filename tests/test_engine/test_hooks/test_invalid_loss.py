"""What counts as a diverged training."""

from types import SimpleNamespace

import pytest
import torch

from sr4ir_mm.engine.hooks import StopOnInvalidLossHook
from sr4ir_mm.utils.errors import UserError


def look(outputs):
    hook = StopOnInvalidLossHook(interval=1)
    runner = SimpleNamespace(
        iter=3, max_iters=100, train_dataloader=range(10), work_dir='runs', logger=None
    )
    hook.after_train_iter(runner, 3, None, outputs)


def test_an_overflow_of_the_loss_scaler_is_no_divergence():
    """The gradient norm is infinite then, and the scaler skips the step."""
    finite = {'sr_net/loss_pixel': torch.tensor(0.1), 'loss': torch.tensor(1.0)}
    look({**finite, 'task_net/grad_norm': torch.tensor(float('inf'))})
    with pytest.raises(UserError, match='sr_net/loss_tdp not finite'):
        look({**finite, 'sr_net/loss_tdp': torch.tensor(float('nan'))})
