import math

import pytest
import torch

from sr4ir_mm.evaluation.metrics import PSNR, psnr
from tests.test_evaluation.samples import blurred, photograph


def test_known_value():
    image = torch.zeros(2, 3, 8, 8, dtype=torch.float64)
    other = image.clone()
    other[0] += 0.1
    other[1, :, :, :4] += 0.1
    expected = torch.tensor([20.0, 20 + 10 * math.log10(2)], dtype=torch.float64)
    torch.testing.assert_close(psnr(image, other), expected)


def test_equals_skimage():
    from skimage.metrics import peak_signal_noise_ratio

    hr = photograph().double()
    sr = blurred(hr)
    expected = peak_signal_noise_ratio(hr.numpy(), sr.numpy(), data_range=1)
    assert psnr(sr[None], hr[None]).item() == pytest.approx(expected, rel=1e-12)


def test_equal_images_are_infinitely_good():
    metric = PSNR()
    image = photograph()
    metric.process(None, [dict(sr_rgb01=image, hr_rgb01=image)])
    assert metric.evaluate(1) == {'sr/psnr': math.inf}
