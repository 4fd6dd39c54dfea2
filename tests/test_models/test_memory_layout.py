"""Channels-last order: another memory layout, the same training."""

import copy
import subprocess
import sys

import pytest
import torch
from torch import nn

from sr4ir_mm.models.memory_layout import use_channels_last
from sr4ir_mm.utils.errors import UserError
from tests import toy


def converted(model):
    model = copy.deepcopy(model)
    use_channels_last(model)
    return model


def test_parameters_stay_the_same_objects_with_the_same_values():
    model = toy.build(channels_last=False)
    before = {name: (value, value.detach().clone()) for name, value in model.named_parameters()}

    use_channels_last(model)

    for name, value in model.named_parameters():
        assert value is before[name][0]
        assert torch.equal(value, before[name][1])


@pytest.mark.parametrize('task', ['det', 'roi', 'seg', 'cls'])
def test_losses_are_the_same(task):
    """mmcv's RoIAlign reads channels-last memory wrongly and silently; a detector then does not learn its classes."""
    plain = (
        toy.two_stage_detector(channels_last=False)
        if task == 'roi'
        else toy.build(task, channels_last=False)
    ).train()
    other = converted(plain)
    losses = []
    for model in (plain, other):
        torch.manual_seed(0)
        data = toy.batch('det' if task == 'roi' else task)
        losses.append(model.forward(model.data_preprocessor(data, True)['inputs'], mode='loss'))

    assert any('tdp' in name for name in losses[0])
    for name, value in losses[0].items():
        assert torch.as_tensor(losses[1][name]).tolist() == pytest.approx(
            torch.as_tensor(value).tolist(), rel=1e-3, abs=1e-5
        )


def test_feature_maps_follow():
    model = toy.build(channels_last=True)
    features = []
    last = [module for module in model.task_net.modules() if isinstance(module, torch.nn.Conv2d)]
    last[-1].register_forward_hook(lambda *args: features.append(args[-1]))

    model.task_net(torch.rand(2, 3, 32, 32), mode='tensor')

    assert features[0].is_contiguous(memory_format=torch.channels_last)


def test_it_can_be_kept_to_some_networks():
    model = toy.build(channels_last=['task_net'])

    assert not model.task_net.backbone.conv1.weight.is_contiguous()
    assert all(p.is_contiguous() for p in model.sr_net.parameters())


def test_an_unknown_network_is_named():
    with pytest.raises(UserError, match=r"'sr'; the networks of this model are .*sr_net"):
        toy.build(channels_last=['sr'])


def test_a_seed_means_the_same_weights_in_both_orders():
    models = []
    for channels_last in (False, True):
        torch.manual_seed(0)
        models.append(toy.build(channels_last=channels_last))

    assert not models[1].task_net.backbone.conv1.weight.is_contiguous()
    for plain, other in zip(*(model.parameters() for model in models), strict=True):
        assert torch.equal(plain, other)


_NARROW = """
import torch
from torch import nn
from sr4ir_mm.models.memory_layout import use_channels_last
from sr4ir_mm.utils.errors import UserError

net = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 16, 1, stride=2, bias=False))
use_channels_last(net)
for _ in range(6):
    image = torch.randn(16, 3, 48, 48).to(memory_format=torch.channels_last).requires_grad_()
    net(image).square().mean().backward()
print('survived')
"""


def test_narrow_shortcuts_do_not_corrupt_memory():
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', _NARROW], capture_output=True, text=True, check=False
    )

    assert done.stdout.split() == ['survived'], done.stderr[-500:]


def test_narrow_shortcuts_alone_keep_the_usual_order():
    net = nn.Sequential(nn.Conv2d(8, 16, 1, stride=2), nn.Conv2d(16, 8, 1, stride=2))
    use_channels_last(net)
    seen = []
    net[0].register_forward_hook(lambda module, args, output: seen.append(args[0]))

    net(torch.randn(2, 8, 8, 8).to(memory_format=torch.channels_last))

    assert seen[0].is_contiguous()
    assert net[1].weight.is_contiguous(memory_format=torch.channels_last)
