"""Degradations: how a low-resolution image is made from a high-resolution one, on the device.

Imported by data_preprocessors; imports nothing of the package but registries and utils.
"""

from sr4ir_mm.models.degradations.bicubic import BicubicDegradation
from sr4ir_mm.models.degradations.build import build_degradation

__all__ = ['BicubicDegradation', 'build_degradation']
