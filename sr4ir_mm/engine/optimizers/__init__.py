"""Optimizer wrappers, their constructor and their updates.

Imported by engine.
"""

from sr4ir_mm.engine.optimizers.amp import MixedPrecisionOptimWrapper
from sr4ir_mm.engine.optimizers.separate import (
    NamedOptimWrapperDict,
    SeparateOptimWrapperConstructor,
)

__all__ = [
    'MixedPrecisionOptimWrapper',
    'NamedOptimWrapperDict',
    'SeparateOptimWrapperConstructor',
]
