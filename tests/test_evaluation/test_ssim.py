import pytest
import torch

from sr4ir_mm.evaluation.metrics import ssim
from tests.test_evaluation.samples import blurred, photograph


@pytest.mark.parametrize('size', [(96, 112), (11, 11), (33, 57), (400, 390)])
def test_equals_skimage(size):
    from skimage.metrics import structural_similarity

    hr = photograph(height=size[0], width=size[1]).double()
    sr = ((hr + 0.05 * torch.randn(hr.shape, dtype=hr.dtype)) * 0.95).clamp(0, 1)
    expected = structural_similarity(
        hr.numpy(),
        sr.numpy(),
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        data_range=1,
        channel_axis=0,
    )
    assert ssim(sr[None], hr[None]).item() == pytest.approx(expected, rel=1e-9)


def test_equal_images_give_one_and_each_image_its_own():
    hr = photograph().double()
    values = ssim(torch.stack([hr, blurred(hr)]), torch.stack([hr, hr]))
    assert values[0].item() == pytest.approx(1)
    assert values[1].item() == pytest.approx(ssim(blurred(hr)[None], hr[None]).item())
    assert values[1] < 0.9
