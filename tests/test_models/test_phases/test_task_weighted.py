"""The TDP loss weighted by what the task's own loss depends on."""

import pytest
import torch

from sr4ir_mm.models import TDPLoss
from sr4ir_mm.models.phases.importance import importance_of, total_loss, weighted_features
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.modules import eval_mode, steady_mode
from tests import toy


def model_and_context(task='cls', **tdp):
    torch.manual_seed(0)
    phase = {**toy.SR_PHASE, 'tdp': dict(task_weighted=True, **tdp)}
    model = toy.build(task, phases=[phase, toy.TASK_PHASE]).train()
    model.task_net.requires_grad_(False)
    batch = model.data_preprocessor(toy.batch(task), True)['inputs']
    return model, model.phase_context(batch)


def test_weights_are_absolute_gradients_with_mean_one():
    """Of a loss that is linear in the features: twice the first image's slopes, none of the second's."""
    images = torch.ones(2, 4, requires_grad=True)
    first, unused = 3 * images, 5 * images
    slopes = torch.tensor([[1.0, -2.0, 3.0, 0.0], [0.0, 0.0, 0.0, 0.0]])

    weights, others, apart = importance_of(
        (2 * slopes * first).sum(), [first, unused, images.detach()]
    )

    expected = torch.tensor([[1.0, 2.0, 3.0, 0.0], [1.5] * 4]) / 1.5
    torch.testing.assert_close(weights, expected)
    assert others.eq(1).all()
    assert apart.eq(1).all()
    assert images.grad is None


@pytest.mark.parametrize('task', toy.TASK_NETS)
def test_weights_are_those_of_the_task_loss_of_hr_images(task):
    model, context = model_and_context(task)
    layers, net = model.default_layers, model.task_net
    before, flags = toy.snapshot(model), [module.training for module in net.modules()]

    features, weights = weighted_features(context, layers, 'task_net')

    assert all(weight.flatten(1).mean(1).allclose(torch.ones(2)) for weight in weights)
    assert toy.changed(before, model) == set()
    assert [module.training for module in net.modules()] == flags
    images = context.images
    with eval_mode(net):
        plain = model.adapter.features(net, images.hr_rgb01, images.batch, layers)
    assert all(torch.equal(*pair) for pair in zip(features, plain, strict=True))
    net.requires_grad_(True)
    with steady_mode(net):
        losses, live = model.adapter.loss_and_features(net, images.hr_rgb01, images.batch, layers)
    gradients = torch.autograd.grad(model.parse_losses(losses)[0], live)
    for gradient, weight in zip(gradients, weights, strict=True):
        assert gradient.abs().max() > 0
        expected = gradient.abs() / gradient.abs().mean((1, 2, 3), keepdim=True)
        torch.testing.assert_close(weight, expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize('in_parts', [None, True])
@pytest.mark.parametrize('criterion', ['l1', 'mse'])
def test_the_loss_is_the_weighted_mean(criterion, in_parts):
    layers = ['backbone.-1', 'backbone.layer2']
    model, context = model_and_context(criterion=criterion, layers=layers, in_parts=in_parts)
    net, images = model.task_net, context.images

    losses = model.phases[0].compute_losses(context)

    hr_features, weights = weighted_features(context, layers, 'task_net')
    with torch.no_grad(), eval_mode(net):
        sr_features = model.adapter.features(net, images.get('sr'), images.batch, layers)
    distances = [
        (w * ((s - h).abs() if criterion == 'l1' else (s - h) ** 2)).mean()
        for s, h, w in zip(sr_features, hr_features, weights, strict=True)
    ]
    torch.testing.assert_close(losses['loss_tdp'], sum(distances) / 2, rtol=1e-4, atol=1e-6)
    assert not any(weight.eq(1).all() for weight in weights)
    losses['loss_tdp'].backward()
    assert all(p.grad is None for p in net.parameters())
    assert images.hr_rgb01.grad is None
    assert all(p.grad is not None for p in model.sr_net.parameters())


def test_weights_of_one_leave_the_loss():
    sr, hr = [torch.rand(2, 3, 4, 4)], [torch.rand(2, 3, 4, 4)]
    ones = [torch.ones(2, 3, 4, 4)]
    for options in (dict(), dict(criterion='mse'), dict(normalize=True)):
        criterion = TDPLoss(**options)
        torch.testing.assert_close(criterion(sr, hr, ones), criterion(sr, hr))


def test_all_losses_count_and_nothing_else():
    losses = dict(loss_a=torch.ones(2), loss_b=[torch.ones(()), torch.ones(())], acc=torch.ones(1))
    assert total_loss(losses) == 3


@pytest.mark.parametrize('task', toy.TASK_NETS)
def test_an_iteration_trains_both_networks(task):
    phase = {**toy.SR_PHASE, 'tdp': dict(task_weighted=True), 'balance': 1.0}
    model = toy.build(task, phases=[phase, toy.TASK_PHASE]).train()
    before = toy.snapshot(model)
    logs = model.train_step(toy.batch(task), toy.optim_wrapper(model))
    assert logs['sr_net/loss_tdp'].isfinite()
    moved = {key.split('.')[0] for key in toy.changed(before, model)}
    assert moved == {'sr_net', 'task_net'}


@pytest.mark.parametrize(
    'options', [dict(criterion='frobenius'), dict(detach_hr=False)], ids=lambda o: next(iter(o))
)
def test_what_cannot_be_weighted_is_told(options):
    with pytest.raises(UserError, match=r"use 'l1' or 'mse' and leave detach_hr on"):
        TDPLoss(task_weighted=True, **options)


def test_a_network_without_a_head_is_told():
    extractor = {k: v for k, v in toy.classifier().items() if k != 'head'}
    phase = {**toy.SR_PHASE, 'tdp': dict(task_weighted=True, layers=['backbone.-1'])}
    model = toy.build(phases=[phase, toy.TASK_PHASE], extractor=extractor).train()
    batch = model.data_preprocessor(toy.batch(), True)['inputs']
    with pytest.raises(UserError, match='extractor, but ImageClassifier has no head'):
        model.phases[0].compute_losses(model.phase_context(batch))
