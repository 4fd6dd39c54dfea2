"""The images by which a file is checked, and how far its outputs are from PyTorch's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from sr4ir_mm.apis.inputs import Images
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.images import to_rgb01

#: Exported images have sides that are multiples of this and at least twice as long, where sizes are dynamic.
STEP = 8


def check_images(
    images: Sequence[str | Path | np.ndarray], size: tuple[int, int] | None
) -> list[Tensor]:
    """(1, 3, H, W) image space of the images, and of the first one cut to another size.

    Raises:
        UserError: An image cannot be read or is too small.
    """
    samples = []
    for loaded in Images(list(images)):
        if loaded.error is not None:
            raise UserError(loaded.error)
        samples.append(to_rgb01(loaded.image))
    if size is not None:
        resized = [nn.functional.interpolate(s, size=size, mode='bilinear') for s in samples]
        return [sample.clamp(0, 1) for sample in resized]
    samples = [_at_least(sample, 3 * STEP) for sample in samples]
    height, width = (side // STEP * STEP for side in samples[0].shape[-2:])
    first = samples[0][..., :height, :width]
    others = [s[..., : s.shape[-2] // STEP * STEP, : s.shape[-1] // STEP * STEP] for s in samples]
    wide = torch.cat([first, first.flip(-1)], dim=-1)[..., : height - STEP, :]
    return [*others, wide]


def _at_least(sample: Tensor, side: int) -> Tensor:
    """An image enlarged so that no side is shorter."""
    factor = side / min(sample.shape[-2:])
    if factor <= 1:
        return sample
    size = [max(round(factor * length), side) for length in sample.shape[-2:]]
    return nn.functional.interpolate(sample, size=size, mode='bilinear')


def largest_difference(found: Tensor, wanted: Tensor) -> float:
    """Largest difference, of the largest value where that is above 1."""
    return float((found - wanted).abs().max() / wanted.abs().max().clamp(min=1))
