"""Values of the losses by hand, and their errors."""

import pytest
import torch

from sr4ir_mm.models import BicubicDegradation, PixelLoss, TDPLoss
from sr4ir_mm.models.losses import DistillLoss
from sr4ir_mm.models.losses.pixel import distance
from sr4ir_mm.utils.errors import UserError


def test_pixel_loss_values():
    sr, hr = torch.zeros(1, 3, 2, 2), torch.full((1, 3, 2, 2), 0.5)
    assert PixelLoss(weight=2.0)(sr, hr) == 1.0
    assert PixelLoss(criterion='mse')(sr, hr) == 0.25


def test_tdp_is_a_weighted_sum_of_means():
    sr = [torch.zeros(1, 2, 4, 4), torch.zeros(1, 8, 2, 2)]
    hr = [torch.full_like(sr[0], 1.0), torch.full_like(sr[1], 3.0)]
    assert TDPLoss()(sr, hr) == 2.0
    assert TDPLoss(weights=[1.0, 2.0], weight=0.5)(sr, hr) == 3.5


def test_tdp_gradient_flows_to_sr_only():
    sr, hr = (torch.rand(1, 2, 4, 4, requires_grad=True) for _ in range(2))
    TDPLoss()([sr], [hr]).backward()
    assert sr.grad is not None
    assert hr.grad is None
    TDPLoss(detach_hr=False)([sr], [hr]).backward()
    assert hr.grad is not None


@pytest.mark.parametrize(
    ('make', 'message'),
    [
        (lambda: TDPLoss(criterion='l3'), "'l3' is unknown"),
        (lambda: TDPLoss(layers=['a'], weights=[1, 2]), '2 weights for 1 layers'),
        (lambda: TDPLoss(weights=[1.0])([torch.zeros(1)] * 2, [torch.zeros(1)] * 2), '1 weights'),
        (lambda: TDPLoss()([torch.zeros(1)], [torch.zeros(2)]), 'must agree'),
        (lambda: BicubicDegradation(0), 'scale=0'),
    ],
)
def test_wrong_arguments_are_told(make, message):
    with pytest.raises((ValueError, UserError), match=message):
        make()


@pytest.mark.parametrize(('shape', 'place'), [((2, 8, 3, 3), (..., 0, 0)), ((2, 9, 8), (0, 0))])
def test_normalised_features_compare_directions_alone(shape, place):
    """At each position of a map and of each token."""
    sr, hr = torch.randn(shape), torch.randn(shape)
    longer = sr.clone()
    longer[place] *= 10
    loss = TDPLoss(normalize=True)
    assert loss([longer], [hr]) == pytest.approx(loss([sr], [hr]).item(), rel=1e-5)


def test_logits_of_tokens_are_distilled_over_their_channels():
    tokens = [torch.randn(2, 9, 8) for _ in range(2)]
    loss = DistillLoss(criterion='kl')
    maps = [item.movedim(2, 1)[..., None] for item in tokens]
    assert loss([tokens[0]], [tokens[1]]) == pytest.approx(loss([maps[0]], [maps[1]]).item())


def test_frobenius_is_the_mean_norm_of_the_samples():
    ours = distance('frobenius', torch.full((2, 3, 4, 5), 2.0), torch.zeros(2, 3, 4, 5))

    assert ours.item() == pytest.approx(2 * 60**0.5)
