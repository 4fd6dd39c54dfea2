"""Transforms of images and of training batches."""

from sr4ir_mm.datasets.transforms.cqmix import CQMix, mix_patches
from sr4ir_mm.datasets.transforms.loading import LoadImage

__all__ = ['CQMix', 'LoadImage', 'mix_patches']
