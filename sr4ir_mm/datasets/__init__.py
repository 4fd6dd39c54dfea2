"""Datasets, samplers, transforms and data functions."""

from sr4ir_mm.datasets.transforms import CQMix

__all__ = ['CQMix']
