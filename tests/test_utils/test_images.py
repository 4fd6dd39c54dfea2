"""Images as an 8-bit file holds them."""

import cv2
import numpy as np
import pytest
import torch

from sr4ir_mm.models.degradations import BicubicDegradation
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.images import quantize_rgb01, write_image


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64])
def test_quantize_clamps_and_rounds(dtype):
    values = torch.tensor([-0.2, 0.0, 0.5 / 255 + 1e-4, 1.0, 1.3], dtype=dtype)
    found = quantize_rgb01(values)
    torch.testing.assert_close(found, torch.tensor([0.0, 0.0, 1 / 255, 1.0, 1.0], dtype=dtype))


def test_an_lr_image_is_scored_as_it_was_made():
    lr = BicubicDegradation(scale=2)(torch.rand(1, 3, 16, 16))
    assert torch.equal(quantize_rgb01(lr), lr)


@pytest.mark.parametrize('suffix', ['png', 'jpg'])
@pytest.mark.parametrize('shape', [(20, 30), (20, 30, 3)])
def test_files_are_those_of_opencv(tmp_path, suffix, shape):
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)[::-1]
    cv2.imwrite(str(tmp_path / f'a.{suffix}'), image)
    write_image(tmp_path / 'new' / 'folder' / f'a.{suffix}', image)
    written = (tmp_path / 'new' / 'folder' / f'a.{suffix}').read_bytes()
    assert written == (tmp_path / f'a.{suffix}').read_bytes()


def test_an_image_that_cannot_be_written_is_told(tmp_path):
    full = tmp_path / 'full.png'
    full.symlink_to('/dev/full')
    with pytest.raises(UserError, match=r'full\.png cannot be written \(No space left'):
        write_image(full, np.zeros((64, 64, 3), np.uint8))
    (tmp_path / 'file').touch()
    with pytest.raises(UserError, match=r'a\.png cannot be written \('):
        write_image(tmp_path / 'file' / 'a.png', np.zeros((4, 4, 3), np.uint8))
