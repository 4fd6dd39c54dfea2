"""One batch as an LR/HR pair."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mmengine.structures import BaseDataElement
from torch import Tensor

from sr4ir_mm.structures.types import Size


@dataclass
class LRHRBatch:
    """One batch on the device.

    Attributes:
        hr_rgb01: (N, 3, H, W) image space, padded to a multiple of the scale by reflection; None for LR input.
        lr_rgb01: (N, 3, H / scale, W / scale) image space.
        task_inputs: (N, 3, h, w) what the task network's preprocessor made of the HR images, h <= H and w <= W; for LR
            input, the same enlarged by nearest neighbour, of which only the border is used.
        border: (N, 1, h, w) bool, True where the preprocessor padded; None if nothing is padded.
        sizes: (height, width) of each image's unpadded HR region.
        samples: The task library's data samples; for LR input with metainfo and ground truth of the enlarged images.
        scale: Factor between LR and HR.
    """

    hr_rgb01: Tensor | None
    lr_rgb01: Tensor
    task_inputs: Tensor
    border: Tensor | None
    sizes: list[Size]
    samples: list[BaseDataElement]
    scale: int

    def __len__(self) -> int:
        return len(self.samples)


def repeat_batch(batch: LRHRBatch, times: int) -> LRHRBatch:
    """The batch ``times`` over, with data samples of their own and without HR images."""
    tile = (times, 1, 1, 1)
    return replace(
        batch,
        hr_rgb01=None,
        task_inputs=batch.task_inputs.repeat(tile),
        border=None if batch.border is None else batch.border.repeat(tile),
        sizes=batch.sizes * times,
        samples=[copy_sample(sample) for _ in range(times) for sample in batch.samples],
    )


def rows_of(batch: LRHRBatch, rows: slice) -> LRHRBatch:
    """Some images of a batch, of the same padded size; tensors and data samples are shared."""
    return replace(
        batch,
        hr_rgb01=None if batch.hr_rgb01 is None else batch.hr_rgb01[rows],
        lr_rgb01=batch.lr_rgb01[rows],
        task_inputs=batch.task_inputs[rows],
        border=None if batch.border is None else batch.border[rows],
        sizes=batch.sizes[rows],
        samples=batch.samples[rows],
    )


def copy_sample(sample: BaseDataElement) -> BaseDataElement:
    """Copy a data sample and its nested elements; tensors are shared, as networks replace rather than edit them."""
    copy = sample.new()
    for name, value in sample.items():
        if isinstance(value, BaseDataElement):
            copy.set_field(value.new(), name, dtype=type(value))
    return copy
