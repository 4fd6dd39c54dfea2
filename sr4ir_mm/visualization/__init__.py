"""Side-by-side pictures of what the task network sees and predicts.

Imported by engine's hooks and apis.
"""

from sr4ir_mm.visualization.backends import MemoryVisBackend
from sr4ir_mm.visualization.panels import caption, hstack_panels, to_uint8, vstack_rows
from sr4ir_mm.visualization.strips import StripPainter, predict_kind

__all__ = [
    'MemoryVisBackend',
    'StripPainter',
    'predict_kind',
    'caption',
    'hstack_panels',
    'to_uint8',
    'vstack_rows',
]
