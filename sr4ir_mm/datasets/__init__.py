"""Data sets, transforms and samplers.

Imported by apis, testing and scripts; imports models.augments alone of the models.
"""

from typing import Any

from sr4ir_mm.datasets.samplers import AspectRatioBatchSampler
from sr4ir_mm.datasets.transforms import (
    CQMix,
    CropPair,
    FlipLRImage,
    LoadImage,
    LoadLRImage,
    PackPair,
    ResizeShortSide,
)
from sr4ir_mm.datasets.workers import seed_worker
from sr4ir_mm.registry import import_late

__all__ = [
    'AspectRatioBatchSampler',
    'CQMix',
    'CropPair',
    'FlipLRImage',
    'LargeImageCoco',
    'LoadImage',
    'LoadLRImage',
    'PackPair',
    'ResizeShortSide',
    'VOCFormatDataset',
    'seed_worker',
]


def __getattr__(name: str) -> Any:
    # mmdet's data sets take seconds to import.
    if name not in __all__:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return import_late(name)
