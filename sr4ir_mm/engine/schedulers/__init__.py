"""Parameter schedulers.

Imported by engine.
"""

from sr4ir_mm.engine.schedulers.cosine_restart import WarmupCosineRestartLR
from sr4ir_mm.engine.schedulers.span_cosine import SpanCosineLR

__all__ = ['SpanCosineLR', 'WarmupCosineRestartLR']
