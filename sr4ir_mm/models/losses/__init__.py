"""Losses of the SR phase; each is a pure module, testable without an optimizer."""

from sr4ir_mm.models.losses.pixel import PixelLoss
from sr4ir_mm.models.losses.tdp import TDPLoss

__all__ = ['PixelLoss', 'TDPLoss']
