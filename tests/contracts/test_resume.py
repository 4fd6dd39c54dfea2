"""A resumed run is bitwise the run that never stopped (traps 3 and 7)."""

import json
import random

import numpy as np
import pytest
import torch

from sr4ir_mm.utils.errors import UserError
from tests import toy_runs


def states(path):
    checkpoint = torch.load(path, map_location='cpu', weights_only=False)
    return checkpoint['state_dict'], checkpoint['optimizer'], checkpoint['param_schedulers']


def flatten(value):
    if isinstance(value, dict):
        return [item for key in value for item in flatten(value[key])]
    if isinstance(value, (list, tuple)):
        return [item for entry in value for item in flatten(entry)]
    return [value]


def assert_equal(a, b):
    for x, y in zip(flatten(a), flatten(b), strict=True):
        same = torch.equal(x, y) if isinstance(x, torch.Tensor) else x == y
        assert same


@pytest.mark.parametrize('workers', [0, 2])
def test_two_epochs_and_two_more_equal_four(tmp_path, workers):
    straight = toy_runs.run(tmp_path / 'straight', workers=workers)
    after = random.random(), np.random.rand(), torch.rand(1)
    toy_runs.run(
        tmp_path / 'parts',
        workers=workers,
        **{'train_cfg.max_epochs': 4, 'custom_hooks': stopping(2)},
    )
    random.random(), np.random.rand(7), torch.rand(3)
    resumed = toy_runs.run(tmp_path / 'parts', workers=workers, resume=True)
    again = random.random(), np.random.rand(), torch.rand(1)
    assert resumed.epoch == straight.epoch == 4
    for a, b in zip(
        states(tmp_path / 'straight/epoch_4.pth'),
        states(tmp_path / 'parts/epoch_4.pth'),
        strict=True,
    ):
        assert_equal(a, b)
    assert_equal(after, again)


def stopping(epoch):
    """The shipped hooks and one that ends the run after an epoch, as a killed process would."""
    from mmengine.config import Config

    hooks = Config.fromfile('configs/_base_/default_runtime.py').custom_hooks
    return [*hooks, dict(type='sr4ir_mm.StopAfter', epoch=epoch)]


def test_tdp_starts_at_its_share_of_training_also_after_a_resume(tmp_path):
    toy_runs.run(tmp_path, **{'custom_hooks': stopping(1), 'default_hooks.logger.interval': 1})
    toy_runs.run(tmp_path, resume=True, **{'default_hooks.logger.interval': 1})
    lines = [
        json.loads(line)
        for log in sorted(tmp_path.glob('*/vis_data/*.json'))
        if log.stem != 'scalars' and log.stem != 'config'
        for line in log.read_text().splitlines()
    ]
    seen = {
        line['step']: 'sr_net/loss_tdp' in line for line in lines if 'sr_net/loss_pixel' in line
    }
    assert seen[4] is False
    assert seen[5] is True
    assert seen[16] is True


def cosine(epochs):
    annealing = dict(type='CosineAnnealingLR', T_max=epochs, end=epochs, convert_to_iter_based=True)
    return {
        'train_cfg.max_epochs': epochs,
        'param_scheduler': dict(sr_net=[annealing], task_net=[annealing]),
    }


@pytest.mark.parametrize('epochs', [4, 6])
def test_a_schedule_of_another_length_than_the_checkpoints_is_told(tmp_path, epochs):
    """mmengine takes over the checkpoint's schedules whole, and says nothing."""
    toy_runs.run(tmp_path, custom_hooks=stopping(2), **cosine(4))
    runner = toy_runs.run(tmp_path, resume=True, **cosine(epochs))
    log = max(tmp_path.glob('*/*.log')).read_text()
    assert runner.param_schedulers['sr_net'][0].T_max == 16
    assert ('CosineAnnealingLR.T_max is 16, not 24' in log) == (epochs == 6)
    assert ("the checkpoint's schedules hold" in log) == (epochs == 6)


def test_a_schedule_that_the_checkpoint_has_not_is_told_of_its_network(tmp_path):
    """mmengine lets it count from 0; the schedules of the other network are not compared with it."""
    toy_runs.run(tmp_path, custom_hooks=stopping(2), **cosine(4))
    options = cosine(4)
    (annealing,) = options['param_scheduler']['sr_net']
    step = dict(type='MultiStepLR', milestones=[3])
    options['param_scheduler'] = dict(sr_net=[annealing, step], task_net=[annealing])
    toy_runs.run(tmp_path, resume=True, **options)
    log = max(tmp_path.glob('*/*.log')).read_text()
    assert "schedules hold, not the config's: it has 1 schedulers of sr_net, not 2 (one" in log
    assert 'MultiStepLR.' not in log


def test_augmentations_differ_between_epochs(tmp_path):
    """mmengine's default worker seeding repeats the same numbers in every epoch."""
    from mmengine.runner import Runner

    runner = Runner.from_cfg(toy_runs.config(tmp_path, workers=1))
    loader = runner.build_dataloader(toy_runs.loader(False, workers=1), seed=0)
    first, second = (next(iter(loader))['inputs'][0] for _ in range(2))
    assert not torch.equal(first, second)


def test_a_diverged_run_keeps_its_last_good_checkpoint(tmp_path):
    toy_runs.run(tmp_path, custom_hooks=stopping(1))
    good = (tmp_path / 'epoch_1.pth').read_bytes()
    # A resumed optimizer keeps its old rate: start from the weights, in the same folder.
    huge = {'optim_wrapper.sr_net.optimizer.lr': 1e30, 'optim_wrapper.sr_net.optimizer.type': 'SGD'}
    with pytest.raises(UserError, match=r'diverged at iteration 4: .*loss.* not finite'):
        toy_runs.run(tmp_path, load_from=str(tmp_path / 'epoch_1.pth'), **huge)
    assert [path.name for path in tmp_path.glob('epoch_*.pth')] == ['epoch_1.pth']
    assert (tmp_path / 'epoch_1.pth').read_bytes() == good


def test_save_best_follows_the_metric_named(tmp_path):
    toy_runs.run(tmp_path, epochs=2)
    assert list(tmp_path.glob('best_sr_psnr_epoch_*.pth'))
