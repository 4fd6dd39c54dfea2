"""The patch mix."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sr4ir_mm.datasets import CQMix
from sr4ir_mm.models.augments import mix_patches
from sr4ir_mm.registry import TRANSFORMS
from sr4ir_mm.utils.errors import UserError


def test_cells_are_sr_where_the_mask_is_one():
    sr, hr = torch.ones(1, 3, 4, 4), torch.zeros(1, 3, 4, 4)
    mixed = mix_patches(sr, hr, torch.tensor([[[[1.0, 0.0], [0.0, 1.0]]]]))
    expected = torch.zeros(4, 4)
    expected[:2, :2] = expected[2:, 2:] = 1
    assert torch.equal(mixed[0, 0], expected)


@settings(max_examples=30, deadline=None)
@given(grid=st.integers(1, 9), height=st.integers(9, 50), width=st.integers(9, 50))
def test_every_pixel_is_sr_or_hr(grid, height, width):
    sr, hr = torch.rand(2, 3, height, width), torch.rand(2, 3, height, width) + 2
    results = CQMix(grid)(dict(sr_rgb01=sr, hr_rgb01=hr))
    mixed, mask = results['cqmix_rgb01'], results['cqmix_mask']
    assert mask.shape == (2, 1, grid, grid)
    assert ((mixed == sr) | (mixed == hr)).all()


def test_a_fair_coin_for_each_cell_and_sample():
    mask = CQMix(8).sample_mask(400, torch.device('cpu'))
    assert set(mask.unique().tolist()) == {0.0, 1.0}
    assert abs(mask.mean() - 0.5) < 0.02
    assert (mask.mean(dim=0) > 0.3).all()
    assert not torch.equal(mask[0], mask[1])


def test_it_is_registered_and_checks_its_arguments():
    assert TRANSFORMS.build(dict(type='sr4ir_mm.CQMix', grid=4)).grid == 4
    with pytest.raises(UserError, match='grid=0'):
        CQMix(0)


def test_gradient_flows_through_sr_cells():
    sr = torch.rand(1, 3, 8, 8, requires_grad=True)
    mask = torch.tensor([[[[1.0, 0.0]]]])
    mix_patches(sr, torch.rand(1, 3, 8, 8), mask).sum().backward()
    assert sr.grad[..., :4].eq(1).all()
    assert sr.grad[..., 4:].eq(0).all()
