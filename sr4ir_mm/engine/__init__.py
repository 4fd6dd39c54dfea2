"""What the Runner calls: hooks, optimizer constructors and parameter schedulers.

Imported by apis and scripts; never by models, which get their optimizers handed in.
"""

from sr4ir_mm.engine.hooks import (
    EpochSeedHook,
    LossStartHook,
    SRVisualizationHook,
    StopOnInvalidLossHook,
)
from sr4ir_mm.engine.loops import EpochLoop, IterLoop
from sr4ir_mm.engine.optimizers import NamedOptimWrapperDict, SeparateOptimWrapperConstructor
from sr4ir_mm.engine.schedulers import WarmupCosineRestartLR

__all__ = [
    'EpochLoop',
    'EpochSeedHook',
    'IterLoop',
    'LossStartHook',
    'NamedOptimWrapperDict',
    'SRVisualizationHook',
    'SeparateOptimWrapperConstructor',
    'StopOnInvalidLossHook',
    'WarmupCosineRestartLR',
]
