"""Transforms of the training images."""

from sr4ir_mm.datasets.transforms.cqmix import CQMix, mix_patches

__all__ = ['CQMix', 'mix_patches']
