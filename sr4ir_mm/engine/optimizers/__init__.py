"""Optimizer wrappers and their constructor."""

from sr4ir_mm.engine.optimizers.separate import (
    NamedOptimWrapperDict,
    SeparateOptimWrapperConstructor,
)

__all__ = ['NamedOptimWrapperDict', 'SeparateOptimWrapperConstructor']
