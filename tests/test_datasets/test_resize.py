"""A resized image that counts as the original one leaves no trace of the resize."""

import numpy as np
import pytest
from mmseg.datasets.transforms import PackSegInputs

from sr4ir_mm.datasets.transforms import ResizeShortSide
from tests import toy


def loaded(height, width):
    """A picture with a plain margin of half its size, which looks like the border of a pad."""
    image = np.full((height, width, 3), 200, np.uint8)
    image[: height // 2, : width // 2] = toy.image(height // 2, width // 2).permute(1, 2, 0).numpy()
    return dict(
        img=image,
        img_shape=(height, width),
        ori_shape=(height, width),
        gt_seg_map=np.zeros((height, width), np.uint8),
        seg_fields=['gt_seg_map'],
        img_path='x.png',
    )


@pytest.mark.parametrize('side', [64, 256])
def test_all_of_the_image_is_its_content(side):
    packed = PackSegInputs()(ResizeShortSide(side=side, as_original=True)(loaded(128, 128)))
    sample = packed['data_samples']
    model = toy.build('seg').eval()

    data = dict(inputs=[packed['inputs']], data_samples=[sample])
    batch = model.data_preprocessor(data, False)['inputs']

    assert sample.ori_shape == sample.img_shape == (side, side)
    assert batch.sizes == [(side, side)]
    assert model.predict(batch)[0].pred_sem_seg.data.shape == (1, side, side)


def test_without_it_predictions_go_back_to_the_original_size():
    packed = PackSegInputs()(ResizeShortSide(side=64)(loaded(128, 96)))

    assert packed['data_samples'].ori_shape == (128, 96)
    assert packed['data_samples'].img_shape == (85, 64)
    assert packed['data_samples'].scale_factor == (64 / 96, 85 / 128)
