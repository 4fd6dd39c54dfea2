"""Degradations: how a low-resolution image is made from a high-resolution one, on the device."""

from sr4ir_mm.models.degradations.bicubic import BicubicDegradation, quantize

__all__ = ['BicubicDegradation', 'quantize']
