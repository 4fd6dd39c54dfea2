"""Data preprocessors: from a batch of loaded images to an LR/HR pair on the device."""

from sr4ir_mm.models.data_preprocessors.lr_hr import LRHRBatch, LRHRDataPreprocessor

__all__ = ['LRHRBatch', 'LRHRDataPreprocessor']
