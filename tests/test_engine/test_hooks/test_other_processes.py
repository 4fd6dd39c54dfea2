"""Learning rates after a training goes on with other epochs, and checkpoints that do not tell theirs."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.optim import CosineAnnealingLR, LinearLR, MultiStepLR, OptimWrapper

from sr4ir_mm.engine.hooks.other_processes import fit_to_processes, restart_epoch


class Loader(list):
    """As long as an epoch."""

    batch_size = 2


def loop(length):
    return SimpleNamespace(dataloader=Loader(range(length)), run_epoch=None)


def wrapper():
    return OptimWrapper(torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0))


def step(optim_wrapper, schedulers, count):
    for _ in range(count):
        optim_wrapper.optimizer.step()
        for scheduler in schedulers:
            scheduler.step()


def rate_after(make, stopped, old, new, end, keyed=False):
    """The rate at iteration ``end`` of a training with epochs of ``new``, stopped before with epochs of ``old``."""
    before = wrapper()
    schedulers = make(before, old)
    step(before, schedulers, stopped)
    states = [scheduler.state_dict() for scheduler in schedulers]
    meta = dict(epoch=stopped // old, iter=stopped)
    meta['processes'] = dict(count=1, epoch_length=old, batch=2)
    checkpoint = dict(meta=meta, param_schedulers={'net': states} if keyed else states)
    after = wrapper()
    ours = make(after, new)
    fit_to_processes(checkpoint, loop(new), {'net': ours} if keyed else ours)
    after.load_state_dict(before.state_dict())
    for scheduler, state in zip(ours, states, strict=True):
        scheduler.load_state_dict(state)
    step(after, ours, end - checkpoint['meta']['iter'])
    return after.param_groups[0]['lr']


def warm_up(optim_wrapper, _):
    return [LinearLR(optim_wrapper, start_factor=0.001, by_epoch=False, end=500)]


def milestone(optim_wrapper, _):
    return [MultiStepLR(optim_wrapper, milestones=[1000], by_epoch=False)]


def by_epochs(optim_wrapper, length):
    options = dict(by_epoch=True, epoch_length=length)
    return [
        MultiStepLR.build_iter_from_epoch(optim_wrapper, milestones=[1], **options),
        CosineAnnealingLR.build_iter_from_epoch(optim_wrapper, T_max=4, begin=2, end=6, **options),
    ]


@pytest.mark.parametrize('keyed', [False, True])
@pytest.mark.parametrize(
    ('make', 'stopped', 'old', 'new', 'end', 'rate'),
    [
        (warm_up, 800, 1000, 500, 1000, 1.0),
        (warm_up, 300, 500, 1000, 1500, 1.0),
        (milestone, 1500, 1000, 500, 1600, 0.1),
        (milestone, 600, 500, 1000, 3000, 0.1),
        (by_epochs, 150, 100, 50, 150, 0.0854),
        (by_epochs, 150, 100, 50, 200, 0.05),
        (by_epochs, 50, 100, 200, 200, 0.1),
    ],
)
def test_rates_are_those_of_the_schedule(make, stopped, old, new, end, rate, keyed):
    assert rate_after(make, stopped, old, new, end, keyed) == pytest.approx(rate, rel=0.05)


def test_a_checkpoint_without_its_epochs_length_begins_the_next_epoch():
    """Whatever the batch was, its iterations are not those of the epochs now."""
    checkpoint = dict(meta=dict(epoch=3, iter=12))

    restart_epoch(checkpoint, loop(2))

    assert checkpoint['meta'] == dict(epoch=3, iter=6)


def test_a_second_checkpoint_hook_scales_nothing_again():
    meta = dict(epoch=1, iter=150, processes=dict(count=1, epoch_length=100, batch=2))
    checkpoint = dict(meta=meta)

    assert fit_to_processes(checkpoint, loop(50))
    assert not fit_to_processes(checkpoint, loop(50))
    assert meta['iter'] == 75


@pytest.mark.parametrize(('saved', 'now'), [(1, 2), (2, 1)])
def test_a_config_with_other_schedulers_goes_on(saved, now):
    """mmengine loads the states of as many as both have."""
    own = by_epochs(wrapper(), 100)[:saved]
    states = [scheduler.state_dict() for scheduler in own]
    meta = dict(epoch=0, iter=0, processes=dict(count=1, epoch_length=100, batch=2))
    checkpoint = dict(meta=meta, param_schedulers=states)

    assert fit_to_processes(checkpoint, loop(50), by_epochs(wrapper(), 50)[:now])
    assert len(states) == 1


def test_buffers_that_all_processes_share_are_saved_once():
    from sr4ir_mm.engine.hooks.checkpoint import _differing

    mean, mask = torch.zeros(2), torch.ones(4)
    processes = [dict(mean=mean, mask=mask), dict(mean=mean + 1, mask=mask.clone())]

    assert [list(process) for process in _differing(processes)] == [['mean'], ['mean']]
