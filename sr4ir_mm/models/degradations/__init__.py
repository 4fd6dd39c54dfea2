"""Degradations: how a low-resolution image is made from a high-resolution one, on the device.

Imported by data_preprocessors; imports nothing of the package but registries and utils.
"""

from sr4ir_mm.models.degradations.base import Degradation, Dice, draw_seeds, seed_of_name
from sr4ir_mm.models.degradations.bicubic import BicubicDegradation
from sr4ir_mm.models.degradations.build import build_degradation
from sr4ir_mm.models.degradations.chain import DegradationChain
from sr4ir_mm.models.degradations.steps import (
    JPEG,
    GaussianBlur,
    GaussianNoise,
    OneOf,
    PoissonNoise,
    Resize,
    Step,
)

__all__ = [
    'BicubicDegradation',
    'Degradation',
    'DegradationChain',
    'Dice',
    'GaussianBlur',
    'GaussianNoise',
    'JPEG',
    'OneOf',
    'PoissonNoise',
    'Resize',
    'Step',
    'build_degradation',
    'draw_seeds',
    'seed_of_name',
]
