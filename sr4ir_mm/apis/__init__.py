"""What scripts and users call: inference, methods, wrapping of zoo configs, runs.

Imported by tools, demos and projects; no other room of the package may import it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sr4ir_mm.apis.inferencer import SR4IRInferencer

__all__ = ['SR4IRInferencer']


def __getattr__(name: str) -> Any:
    """Import the inferencer when it is asked for: the tools that train do without it."""
    if name != 'SR4IRInferencer':
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return import_module('sr4ir_mm.apis.inferencer').SR4IRInferencer
