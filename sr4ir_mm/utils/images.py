"""What is done to images in several rooms."""

from __future__ import annotations

from collections.abc import Container
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from sr4ir_mm.utils.errors import UserError

if TYPE_CHECKING:  # the converters write images without waiting for torch
    from torch import Tensor


def write_image(path: Path, image: np.ndarray) -> None:
    """Write an image file and, where they are missing, the folders to it.

    Args:
        path: File to be; its suffix is the format.
        image: (H, W) or (H, W, 3) uint8, colours as OpenCV has them: BGR.

    Raises:
        UserError: It cannot be written; ``cv2.imwrite`` would say nothing and go on.
    """
    content = cv2.imencode(path.suffix, np.ascontiguousarray(image))[1].tobytes()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise UserError(
            f'{path} cannot be written ({error.strerror or error}); free some space, correct the rights, or write to '
            'another folder, and run this again.'
        ) from error


def free_stem(stem: str, taken: Container[str]) -> str:
    """A file name without suffix that no other picture has: ``stem``, or it with a number, from 2 on."""
    numbered = (f'{stem}_{number}' for number in count(2))
    return next(name for name in chain([stem], numbered) if name not in taken)


def to_rgb01(image_bgr: np.ndarray) -> Tensor:
    """(1, 3, H, W) float, RGB, [0, 1], of an (H, W, 3) uint8 image as OpenCV has it, BGR."""
    import torch  # see above

    rgb = np.ascontiguousarray(image_bgr[..., ::-1])
    return torch.from_numpy(rgb).permute(2, 0, 1)[None].float() / 255


def quantize_rgb01(image: Tensor) -> Tensor:
    """Clamp to [0, 1] and round to the 256 levels that an 8-bit file can hold.

    Args:
        image: Any shape, float, [0, 1] nominal.

    Returns:
        Same shape and dtype, multiples of 1/255 in [0, 1]; an LR or SR image as it would be saved.
    """
    return (image.clamp(0, 1) * 255).round() / 255


def luma(image_rgb01: Tensor) -> Tensor:
    """Luma of ITU-R BT.601 in its studio range, as MATLAB's ``rgb2ycbcr`` gives it to SR benchmarks, unrounded.

    Args:
        image_rgb01: (N, 3, H, W), RGB, [0, 1].

    Returns:
        (N, 1, H, W), 16 / 255 for black to 235 / 255 for white.
    """
    weights = image_rgb01.new_tensor([65.481, 128.553, 24.966]).view(1, 3, 1, 1)
    return (16 + (weights * image_rgb01).sum(1, keepdim=True)) / 255
