"""Transforms of images and of training batches."""

from sr4ir_mm.datasets.transforms.cqmix import CQMix, mix_patches
from sr4ir_mm.datasets.transforms.loading import LoadImage
from sr4ir_mm.datasets.transforms.resize import ResizeShortSide

__all__ = ['CQMix', 'LoadImage', 'ResizeShortSide', 'mix_patches']
