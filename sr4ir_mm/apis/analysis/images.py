"""Images of a model by kind, as its task network gets to see them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from mmengine.registry import DefaultScope
from torch import Tensor

from sr4ir_mm.apis.inferencer import SR4IRInferencer, same_sized
from sr4ir_mm.apis.inputs import IMAGE_SUFFIXES, VIDEO_SUFFIXES, Images, Input
from sr4ir_mm.models.prediction import image_of_kind
from sr4ir_mm.structures import LRHRBatch
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.track import track


@dataclass(frozen=True)
class Prepared:
    """One image, ready for the task network.

    Attributes:
        name: Its file.
        batch: A batch of this image alone.
    """

    name: str
    batch: LRHRBatch

    @property
    def folder(self) -> str:
        """Name of the folder it lies in, the class in sets of class folders."""
        return Path(self.name).parent.name


def prepare(inferencer: SR4IRInferencer, inputs: Input | Sequence[Input]) -> Iterator[Prepared]:
    """Preprocess images one by one.

    Args:
        inferencer: Holds the model and says whether images are LR or are degraded.
        inputs: As for the inferencer; folders are searched at any depth.

    Raises:
        UserError: One of them cannot be read.
    """
    for (image,) in same_sized(track(Images(list(_files(inputs))), 'images'), 1):
        if image.error is not None:
            raise UserError(image.error)
        with DefaultScope.overwrite_default_scope(inferencer.scope), torch.no_grad():
            data = inferencer.preprocess([image])
            batch = inferencer.model.data_preprocessor(data, False)['inputs']
        # Not inside: whoever takes the image may want gradients.
        yield Prepared(image.name, batch)


def _files(inputs: Input | Sequence[Input]) -> Iterator[Input]:
    """The inputs with each folder replaced by the folders below it that hold images or videos."""
    for item in inputs if isinstance(inputs, (list, tuple)) else [inputs]:
        path = Path(item) if isinstance(item, (str, Path)) else None
        if path is None or not path.is_dir():
            yield item
            continue
        nested = sorted({file.parent for file in path.rglob('*') if _is_picture(file)})
        yield from (str(folder) for folder in nested or [path])


def _is_picture(file: Path) -> bool:
    return file.suffix.lower() in IMAGE_SUFFIXES | VIDEO_SUFFIXES and file.is_file()


def shown(inferencer: SR4IRInferencer, image: Prepared, kind: str) -> Tensor:
    """(1, 3, H, W) image of a kind, in image space.

    Raises:
        UserError: The model has no SR network, or LR input has no HR image.
    """
    model = inferencer.model
    if kind == 'sr' and 'sr_net' not in model.nets():
        raise UserError(
            f"{inferencer.name} has no SR network; choose among the kinds 'up' and 'hr'."
        )
    with torch.no_grad():
        return image_of_kind(image.batch, kind, model.scale, model.super_resolve)
