"""The TDP loss in parts of the batch: the same training, the graph of a part at a time."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from sr4ir_mm.models.phases import tdp
from sr4ir_mm.models.phases.early_gradient import mean_over_images
from tests import toy


def losses_and_gradients(task, in_parts, criterion='l1'):
    torch.manual_seed(0)
    tdp = dict(in_parts=in_parts, criterion=criterion)
    model = toy.build(task, phases=[{**toy.SR_PHASE, 'tdp': tdp}, toy.TASK_PHASE]).train()
    batch = model.data_preprocessor(toy.batch(task), True)['inputs']
    counts = []
    of = model.adapter.features_of
    model.adapter.features_of = lambda net, inputs, *rest: (
        counts.append(len(inputs)) or of(net, inputs, *rest)
    )
    model.task_net.requires_grad_(False)
    losses = model.phases[0].compute_losses(model.phase_context(batch))
    gradients = torch.autograd.grad(sum(losses.values()), list(model.sr_net.parameters()))
    return losses, gradients, counts


@pytest.mark.parametrize('criterion', ['l1', 'mse', 'frobenius'])
@pytest.mark.parametrize('task', ['cls', 'seg', 'det'])
def test_losses_and_gradients_are_those_of_the_batch(task, criterion, monkeypatch):
    monkeypatch.setattr(tdp, '_PIXELS_AT_ONCE', 1)
    whole, split = (losses_and_gradients(task, choice, criterion) for choice in (False, None))

    assert set(whole[2]) != {1}
    assert set(split[2]) == {1}
    for name, value in whole[0].items():
        torch.testing.assert_close(split[0][name], value, rtol=1e-5, atol=1e-7)
    for ours, theirs in zip(split[1], whole[1], strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5 * theirs.abs().max().item())


def test_parts_of_unequal_size():
    images = torch.randn(5, 3, requires_grad=True)
    seen = []

    def loss(part, rows):
        seen.append(len(part))
        return part.square().sum(1).mean()

    mean = mean_over_images(loss, images, 2)
    mean.backward()

    assert sorted(seen) == [1, 2, 2]
    torch.testing.assert_close(mean, images.square().sum(1).mean())
    torch.testing.assert_close(images.grad, 2 * images.detach() / 5)


def test_a_task_network_that_is_trained_gets_its_gradient():
    """A joint phase whose TDP loss takes HR features as constants must not take its gradient early."""
    joint = dict(type='sr4ir_mm.JointPhase', images=dict(hr=1.0), tdp=dict(detach_hr=True))
    model = toy.build('cls', phases=[joint]).train()
    batch = model.data_preprocessor(toy.batch('cls'), True)['inputs']
    loss = model.phases[0].compute_losses(model.phase_context(batch))['loss_tdp']

    gradient = torch.autograd.grad(loss, model.task_net.backbone.conv1.weight)[0]

    assert gradient.abs().max() > 0


class WeightGradients(TorchDispatchMode):
    """Notes the weights of convolutions whose gradient is computed."""

    def __init__(self):
        super().__init__()
        self.computed, self.others = set(), set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func is torch.ops.aten.convolution_backward.default:
            chosen = self.computed if args[-1][1] else self.others
            chosen.add(args[2].data_ptr())
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize('in_parts', [False, True])
def test_frozen_networks_get_no_weight_gradient(in_parts):
    """The way back through the task network to the SR images computes no gradient of its weights."""
    tdp = dict(in_parts=in_parts)
    model = toy.build(phases=[{**toy.SR_PHASE, 'tdp': tdp}, toy.TASK_PHASE]).train()
    wrappers = toy.optim_wrapper(model)
    model.phases = model.phases[:1]
    own, lent = (
        {m.weight.data_ptr() for m in net.modules() if isinstance(m, torch.nn.Conv2d)}
        for net in (model.sr_net, model.task_net)
    )
    with WeightGradients() as seen:
        model.train_step(toy.batch(), wrappers)

    assert seen.computed == own
    assert seen.others == lent
