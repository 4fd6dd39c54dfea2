"""Transforms of images and of training batches.

Imported by datasets.
"""

from sr4ir_mm.datasets.transforms.loading import LoadImage
from sr4ir_mm.datasets.transforms.pairs import CropPair, FlipLRImage, LoadLRImage, PackPair
from sr4ir_mm.datasets.transforms.resize import ResizeShortSide
from sr4ir_mm.models.augments import CQMix, mix_patches

__all__ = [
    'CQMix',
    'CropPair',
    'FlipLRImage',
    'LoadImage',
    'LoadLRImage',
    'PackPair',
    'ResizeShortSide',
    'mix_patches',
]
