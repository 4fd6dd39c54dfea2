"""Parameter schedulers.

Imported by engine.
"""

from sr4ir_mm.engine.schedulers.cosine_restart import WarmupCosineRestartLR

__all__ = ['WarmupCosineRestartLR']
