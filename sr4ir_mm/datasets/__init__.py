"""Datasets, samplers, transforms and data functions; each needs its own library only."""

from importlib.util import find_spec

from sr4ir_mm.datasets.transforms import CQMix, LoadImage, ResizeShortSide
from sr4ir_mm.datasets.workers import seed_worker

__all__ = ['CQMix', 'LoadImage', 'ResizeShortSide', 'seed_worker']

if find_spec('mmdet') is not None:
    from sr4ir_mm.datasets.voc_format import VOCFormatDataset

    __all__ += ['VOCFormatDataset']
