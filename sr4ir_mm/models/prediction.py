"""Images of an evaluation: what the task network is shown, and what metrics and pictures are made from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from mmengine.structures import BaseDataElement
from torch import Tensor, nn

from sr4ir_mm.models.phases import upsample
from sr4ir_mm.structures import LRHRBatch
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.modules import mixes_or_draws
from sr4ir_mm.utils.parts import image_slices


def image_of_kind(
    batch: LRHRBatch, kind: str, scale: int, super_resolve: Callable[[Tensor], Tensor]
) -> Tensor:
    """(N, 3, H, W) images of kind 'sr', 'up' or 'hr' in image space.

    Raises:
        UserError: HR images of an LR input were asked for.
    """
    if kind == 'sr':
        return super_resolve(batch.lr_rgb01)
    if kind == 'up':
        return upsampled(batch, scale)
    if batch.hr_rgb01 is None:
        raise UserError(
            f"test_cfg.image={kind!r} cannot be made here; with input='lr' choose 'sr' or 'up'."
        )
    return batch.hr_rgb01


def super_resolve(sr_net: nn.Module, lr_rgb01: Tensor, scale: int) -> Tensor:
    """(N, 3, H, W) LR images to (N, 3, scale H, scale W) SR images.

    Without gradient on the CPU, the widest maps of the network are those of a few images at a time.
    """
    height, width = (scale * side for side in lr_rgb01.shape[-2:])
    parts = image_slices(len(lr_rgb01), height, width)
    whole = torch.is_grad_enabled() or lr_rgb01.device.type != 'cpu' or len(parts) == 1
    if whole or mixes_or_draws(sr_net):
        return sr_net(lr_rgb01)
    return torch.cat([sr_net(lr_rgb01[rows]) for rows in parts])


def upsampled(batch: LRHRBatch, scale: int) -> Tensor:
    """The LR images, bilinearly upsampled to the padded HR size."""
    height, width = (side * scale for side in batch.lr_rgb01.shape[-2:])
    return upsample(batch.lr_rgb01, (height, width))


def attach_images(
    samples: Sequence[BaseDataElement], batch: LRHRBatch, shown_rgb01: Tensor, scale: int
) -> None:
    """Give each data sample its images, (3, H, W) in image space without padding.

    Args:
        samples: Data samples, changed in place.
        batch: The batch they belong to.
        shown_rgb01: What the task network saw, stored as ``sr_rgb01``.
        scale: Factor between LR and HR.
    """
    lr_sizes = [tuple(-(-side // scale) for side in size) for size in batch.sizes]
    images = {
        'sr_rgb01': (shown_rgb01, batch.sizes),
        'up_rgb01': (upsampled(batch, scale), batch.sizes),
        'hr_rgb01': (batch.hr_rgb01, batch.sizes),
        'lr_rgb01': (batch.lr_rgb01, lr_sizes),
    }
    for name, (image, sizes) in images.items():
        for index, (height, width) in enumerate(sizes if image is not None else ()):
            samples[index].set_field(image[index, :, :height, :width].float(), name)
