"""Data preprocessors: from a batch of loaded images to an LR/HR pair on the device.

Imported by the wrapper model; imports adapters and degradations.
"""

from sr4ir_mm.models.data_preprocessors.lr_hr import LRHRDataPreprocessor

__all__ = ['LRHRDataPreprocessor']
