"""The TDP loss balanced against the pixel loss by their gradients at the SR images."""

import pytest
import torch

from sr4ir_mm.models.phases import tdp as tdp_module
from sr4ir_mm.models.phases.balance import balance_losses
from sr4ir_mm.structures import Progress
from sr4ir_mm.utils.errors import UserError
from tests import toy


def sr_losses(task='cls', progress=None, balance=None, **tdp):
    """The SR phase's losses and the SR images they were taken of."""
    torch.manual_seed(0)
    phase = {**toy.SR_PHASE, 'tdp': tdp, 'balance': balance}
    model = toy.build(task, phases=[phase, toy.TASK_PHASE]).train()
    model.task_net.requires_grad_(False)
    context = model.phase_context(
        model.data_preprocessor(toy.batch(task), True)['inputs'], progress
    )
    losses = model.phases[0].compute_losses(context)
    return model, losses, context.images.get('sr')


def norm_of_gradient(loss, images):
    return torch.autograd.grad(loss, images, retain_graph=True)[0].norm().item()


@pytest.mark.parametrize('weight', [1.0, 50.0])
@pytest.mark.parametrize('in_parts', [False, True])
def test_gradients_at_the_sr_images_have_the_ratio(in_parts, weight, monkeypatch):
    monkeypatch.setattr(tdp_module, '_PIXELS_AT_ONCE', 1)
    model, losses, images = sr_losses(balance=0.5, in_parts=in_parts, weight=weight)

    pixel, tdp = (norm_of_gradient(losses[name], images) for name in ('loss_pixel', 'loss_tdp'))

    assert tdp == pytest.approx(0.5 * pixel, rel=1e-4)
    sum(losses.values()).backward()
    assert all(p.grad is not None for p in model.sr_net.parameters())
    assert all(p.grad is None for p in model.task_net.parameters())


@pytest.mark.parametrize('in_parts', [False, True])
def test_the_direction_stays_and_the_pixel_loss_too(in_parts):
    (_, plain, images), (_, balanced, others) = (
        sr_losses(balance=choice, in_parts=in_parts) for choice in (None, 2.0)
    )
    first, second = (
        torch.autograd.grad(losses['loss_tdp'], of, retain_graph=True)[0].flatten()
        for losses, of in ((plain, images), (balanced, others))
    )

    assert torch.equal(plain['loss_pixel'], balanced['loss_pixel'])
    assert torch.cosine_similarity(first, second, dim=0).item() == pytest.approx(1, abs=1e-5)
    factor = (balanced['loss_tdp'] / plain['loss_tdp']).item()
    assert factor == pytest.approx((second.norm() / first.norm()).item(), rel=1e-4)


def test_nothing_is_balanced_before_the_loss_begins():
    _, losses, _ = sr_losses(progress=Progress(1, 10), balance=1.0, begin=0.5)
    assert set(losses) == {'loss_pixel'}


@pytest.mark.parametrize('slopes', [(0.0, 1.0), (1.0, 0.0), (float('inf'), 1.0)])
def test_without_a_gradient_the_loss_stays(slopes):
    images = torch.rand(1, 3, 4, 4, requires_grad=True)
    loss, reference = (slope * images.mean() for slope in slopes)
    balanced = balance_losses(loss, reference, images, 3.0)
    assert torch.equal(balanced, loss)
    assert balance_losses(loss.detach(), reference, images.detach(), 3.0) == loss


def test_gradients_in_half_precision_do_not_vanish():
    images = torch.rand(1, 3, 300, 300, requires_grad=True)
    half = images.half()
    loss, reference = 1e-3 * half.float().mean(), 4e-3 * half.float().mean()
    assert balance_losses(loss, reference, half, 1.0).item() == pytest.approx(
        4 * loss.item(), rel=1e-2
    )


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(pixel=dict()), 'no tdp loss'),
        (dict(tdp=dict()), 'no pixel loss'),
        (dict(pixel=dict(), tdp=dict(), balance=0), 'balance=0 is out of place'),
    ],
)
def test_wrong_options_are_told(options, message):
    phase = {'type': 'sr4ir_mm.SRPhase', 'balance': 1.0, **options}
    with pytest.raises(UserError, match=message):
        toy.build(phases=[phase, toy.TASK_PHASE])
