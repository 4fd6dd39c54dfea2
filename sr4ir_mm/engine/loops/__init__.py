"""Training loops that can stop and go on at any iteration.

Imported by engine.
"""

from sr4ir_mm.engine.loops.epoch import EpochLoop
from sr4ir_mm.engine.loops.iteration import IterLoop

__all__ = ['EpochLoop', 'IterLoop']
