"""Losses of the SR phase; each is a pure module, testable without an optimizer.

Imported by phases; imports nothing of the package but registries and utils.
"""

from sr4ir_mm.models.losses.adversarial import AdversarialLoss
from sr4ir_mm.models.losses.distill import DistillLoss
from sr4ir_mm.models.losses.perceptual import PerceptualLoss
from sr4ir_mm.models.losses.pixel import PixelLoss
from sr4ir_mm.models.losses.segmentation import SegmentationLoss
from sr4ir_mm.models.losses.tdp import TDPLoss

__all__ = [
    'AdversarialLoss',
    'DistillLoss',
    'PerceptualLoss',
    'PixelLoss',
    'SegmentationLoss',
    'TDPLoss',
]
