"""Progress of a training, and the losses that start late by it."""

import pytest
from mmengine.logging import MessageHub

from sr4ir_mm.structures import Progress, first_active_iter
from tests import toy, toy_runs


@pytest.mark.parametrize(
    ('share', 'total', 'first'), [(0.1, 30 * 357, 3 * 357), (0.1, 15, 2), (0.0, 9, 0)]
)
def test_a_loss_starts_when_its_share_is_done(share, total, first):
    assert first_active_iter(share, total) == first
    assert Progress(first, total).passed(share)
    assert first == 0 or not Progress(first - 1, total).passed(share)


def test_outside_a_training_every_loss_has_started():
    assert Progress().passed(0.9)
    assert Progress().share == 1.0
    assert Progress(3, 12).share == 0.25


def test_the_start_needs_no_hook():
    """Whatever stands in custom_hooks, the phases read the Runner's progress themselves."""
    model = toy.build('cls', phases=[dict(toy.SR_PHASE, tdp=dict(begin=0.5)), toy.TASK_PHASE])
    wrappers = toy.optim_wrapper(model)
    model.train()
    hub = MessageHub.get_current_instance()
    hub.update_info('max_iters', 4)
    seen = []
    for iteration in range(4):
        hub.update_info('iter', iteration)
        seen.append('sr_net/loss_tdp' in model.train_step(toy.batch('cls'), wrappers))
    assert seen == [False, False, True, True]


def test_another_runner_that_was_built_later_is_not_asked(tmp_path):
    runner = toy_runs.Runner.from_cfg(toy_runs.config(tmp_path / 'first', epochs=1))
    toy_runs.Runner.from_cfg(toy_runs.config(tmp_path / 'second', epochs=1))
    seen, train_step = [], runner.model.train_step
    runner.model.train_step = lambda *args, **kwargs: (
        seen.append(Progress.of_run()) or train_step(*args, **kwargs)
    )
    runner.train()
    assert seen == [Progress(iteration, 4) for iteration in range(4)]
