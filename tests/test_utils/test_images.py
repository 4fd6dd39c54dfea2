"""Images as an 8-bit file holds them."""

import pytest
import torch

from sr4ir_mm.models.degradations import BicubicDegradation
from sr4ir_mm.utils.images import quantize_rgb01


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_quantize_clamps_and_rounds(dtype):
    values = torch.tensor([-0.2, 0.0, 0.5 / 255 + 1e-4, 1.0, 1.3], dtype=dtype)
    found = quantize_rgb01(values)
    torch.testing.assert_close(found, torch.tensor([0.0, 0.0, 1 / 255, 1.0, 1.0], dtype=dtype))


def test_an_lr_image_is_scored_as_it_was_made():
    lr = BicubicDegradation(scale=2)(torch.rand(1, 3, 16, 16))
    assert torch.equal(quantize_rgb01(lr), lr)
