"""The TDP loss starts and the learning rates restart together, whatever the length of the training and its hooks."""

import pytest
from mmengine.hooks import Hook

from tests import toy_runs


class Record(Hook):
    """Learning rate and losses of every iteration."""

    def __init__(self):
        self.rates, self.started = [], []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        self.rates.append(runner.optim_wrapper['sr_net'].get_lr()['lr'][0])

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.started.append('sr_net/loss_tdp' in outputs)


@pytest.mark.parametrize(('epochs', 'first'), [(4, 4), (6, 6)])
def test_start_and_restart_scale_with_the_training(epochs, first, tmp_path):
    cfg = toy_runs.config(tmp_path, epochs=epochs)
    cfg.param_scheduler.sr_net = [
        dict(
            type='sr4ir_mm.WarmupCosineRestartLR',
            restart='loss_start',
            eta_min=1e-6,
            by_epoch=True,
            convert_to_iter_based=True,
        )
    ]
    # A user's own list replaces the shipped hooks.
    cfg.custom_hooks = []
    runner = toy_runs.Runner.from_cfg(cfg)
    record = Record()
    runner.register_hook(record)
    runner.train()
    assert record.started == [i >= first for i in range(4 * epochs)]
    assert record.rates[first] == pytest.approx(1e-6)
    assert record.rates[first + 1] > 100 * record.rates[first]
