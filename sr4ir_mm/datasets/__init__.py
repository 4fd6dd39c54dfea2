"""Data sets, transforms and samplers.

Imported by apis, testing and scripts; imports models.augments alone of the models.
"""

from importlib.util import find_spec

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

__all__ = [
    'AspectRatioBatchSampler',
    'CQMix',
    'CropPair',
    'FlipLRImage',
    'LoadImage',
    'LoadLRImage',
    'PackPair',
    'ResizeShortSide',
    'seed_worker',
]

if find_spec('mmdet') is not None:
    from sr4ir_mm.datasets.large_images import LargeImageCoco
    from sr4ir_mm.datasets.voc_format import VOCFormatDataset

    __all__ += ['LargeImageCoco', 'VOCFormatDataset']
