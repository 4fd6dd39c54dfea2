"""Augmentations of training batches on the device.

Imported by phases and datasets.transforms.
"""

from sr4ir_mm.models.augments.cqmix import CQMix, mix_patches

__all__ = ['CQMix', 'mix_patches']
