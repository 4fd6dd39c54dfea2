"""The SR phase in parts of the batch: the same training, the graph of a part at a time."""

import pytest
import torch
from mmengine.model import BaseModule
from torch import nn

from sr4ir_mm.utils import parts
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.modules import mixes_or_draws
from tests import toy


def build(name='cls', reuse_sr=False, **options):
    phases = [{**toy.SR_PHASE, **options}, {**toy.TASK_PHASE, 'reuse_sr': reuse_sr}]
    return toy.build(name, phases=phases).train()


def count_of_parts(model, task='cls'):
    batch = model.data_preprocessor(toy.batch(task), True)['inputs']
    return len(model.phases[0].loss_parts(model.phase_context(batch)))


@pytest.fixture
def one_at_a_time(monkeypatch):
    monkeypatch.setattr(parts, 'PIXELS_AT_ONCE', 1)


@pytest.mark.parametrize('task', ['cls', 'seg', 'det'])
@pytest.mark.parametrize('reuse_sr', [False, True])
def test_it_trains_like_the_whole(task, reuse_sr, one_at_a_time):
    torch.manual_seed(3)
    initial = build(task).state_dict()
    states, logs = [], []
    for in_parts in (False, None):
        model = build(task, reuse_sr, in_parts=in_parts)
        model.load_state_dict(initial)
        assert (count_of_parts(model, task) > 1) == (in_parts is None)
        sgd = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.01))
        wrappers = toy.optim_wrapper(model, sr=sgd, task=sgd)
        torch.manual_seed(5)
        logs.append([model.train_step(toy.batch(task, seed=i), wrappers) for i in range(3)])
        states.append(model.state_dict())

    for whole, split in zip(*logs, strict=True):
        assert whole.keys() == split.keys()
        for name, value in whole.items():
            torch.testing.assert_close(split[name], value, rtol=2e-5, atol=1e-6, msg=name)
    for name, value in states[0].items():
        torch.testing.assert_close(states[1][name], value, rtol=1e-4, atol=1e-5, msg=name)


def test_memory_holds_the_graph_of_a_part(one_at_a_time):
    model = build()
    wrappers = toy.optim_wrapper(model)
    events = []
    super_resolve, backward = model.super_resolve, wrappers.backward
    model.super_resolve = lambda lr: events.append(len(lr)) or super_resolve(lr)
    wrappers.backward = lambda *args: events.append('backward') or backward(*args)

    count = len(toy.batch('cls')['inputs'])
    model.train_step(toy.batch('cls'), wrappers)

    assert count > 1
    assert events[: 2 * count] == [1, 'backward'] * count


def test_a_number_of_images_at_a_time():
    count = len(toy.batch('cls')['inputs'])

    assert count_of_parts(build(in_parts=1)) == count
    with pytest.raises(UserError, match='SRPhase in_parts'):
        build(in_parts=0)


@torch.no_grad()
def test_pictures_without_gradient_are_the_same(one_at_a_time):
    model, lr_rgb01, calls = build(), torch.rand(3, 3, 8, 8), []
    model.sr_net.register_forward_pre_hook(lambda net, args: calls.append(len(args[0])))

    split = model.super_resolve(lr_rgb01)

    assert calls == [1, 1, 1]
    torch.testing.assert_close(split, model.sr_net(lr_rgb01), rtol=1e-5, atol=1e-6)


def test_enough_pixels_for_one_part_are_one_part():
    assert count_of_parts(build()) == 1


@pytest.mark.parametrize(
    'options',
    [
        dict(task=1.0),
        dict(balance=1.0),
        dict(tdp=dict(task_weighted=True)),
        dict(in_parts=False),
    ],
)
def test_losses_that_are_no_means_over_images_take_the_batch(options, one_at_a_time):
    assert count_of_parts(build(**options)) == 1


def test_images_that_are_enlarged_together_stay_together(one_at_a_time):
    model = toy.build('det', adapter=dict(resize=dict(short=64, long=96))).train()

    assert count_of_parts(model, 'det') == 1


class Mixing(BaseModule):
    """An SR network whose images see each other's statistics, or random numbers."""

    def __init__(self, layer):
        super().__init__()
        self.up = nn.Sequential(nn.Conv2d(3, 48, 3, padding=1), layer, nn.PixelShuffle(4))

    def forward(self, x):
        return self.up(x)


@pytest.mark.parametrize(
    ('layer', 'mixes'),
    [
        (nn.BatchNorm2d(48), True),
        (nn.Dropout(0.1), True),
        (nn.Dropout(0.0), False),
        (nn.GroupNorm(4, 48), False),
    ],
)
def test_networks_that_mix_images_take_the_batch(layer, mixes, one_at_a_time):
    net = Mixing(layer)
    model = toy.build(sr_net=net).train()

    assert mixes_or_draws(net) == mixes
    assert (count_of_parts(model) == 1) == mixes
