"""What counts as a diverged training."""

import logging
from types import SimpleNamespace

import pytest
import torch

from sr4ir_mm.engine.hooks import StopOnInvalidLossHook
from sr4ir_mm.utils.errors import UserError
from tests import toy

RUNNER = dict(iter=3, max_iters=100, train_dataloader=range(10), work_dir='runs')
RUNNER['logger'] = logging.getLogger('tests')


def look(outputs):
    hook = StopOnInvalidLossHook(interval=1)
    runner = SimpleNamespace(**RUNNER)
    hook.after_train_iter(runner, 3, None, outputs)


def test_an_overflow_of_the_loss_scaler_is_no_divergence():
    """The gradient norm is infinite then, and the scaler skips the step."""
    finite = {'sr_net/loss_pixel': torch.tensor(0.1), 'loss': torch.tensor(1.0)}
    look({**finite, 'task_net/grad_norm': torch.tensor(float('inf'))})
    with pytest.raises(UserError, match='sr_net/loss_tdp not finite'):
        look({**finite, 'sr_net/loss_tdp': torch.tensor(float('nan'))})


def test_a_pass_that_overflows_leaves_no_trace():
    """It has written its statistics into the batch norms before the loss tells that it overflowed."""
    model = toy.build(
        'cls', sr_net=None, phases=[dict(toy.TASK_PHASE, images=dict(up=1.0))]
    ).train()
    wrappers, hook = toy.optim_wrapper(model), StopOnInvalidLossHook(skip=1)
    runner = SimpleNamespace(model=model, optim_wrapper=wrappers, **RUNNER)
    before = toy.snapshot(model)

    hook.before_train(runner)
    hook.before_train_iter(runner, 3)
    overflow = model.task_net.backbone.conv1.register_forward_hook(
        lambda *args: args[2] * torch.inf
    )
    outputs = model.train_step(toy.batch('cls'), wrappers)
    overflow.remove()
    hook.after_train_iter(runner, 3, None, outputs)

    assert not {key for key in toy.changed(before, model) if 'num_batches' not in key}
    hook.before_train_iter(runner, 4)
    outputs = model.train_step(toy.batch('cls'), wrappers)
    hook.after_train_iter(runner, 4, None, outputs)
    assert 'task_net.backbone.bn1.running_mean' in toy.changed(before, model)


def test_a_model_with_what_is_no_number_is_not_saved():
    runner, hook = SimpleNamespace(**RUNNER), StopOnInvalidLossHook()
    state = {'mask': torch.tensor(-torch.inf), 'running_var': torch.tensor([1.0, torch.nan])}
    with pytest.raises(UserError, match='1 tensors of the model, such as running_var'):
        hook.before_save_checkpoint(runner, dict(state_dict=state))
    hook.before_save_checkpoint(runner, dict(state_dict={'mask': state['mask']}))
