"""What the rooms hand to one another: batches, data samples, losses, progress.

Imported by every room; imports nothing of the package.
"""

from sr4ir_mm.structures.batch import LRHRBatch, copy_sample, repeat_batch, rows_of
from sr4ir_mm.structures.progress import Progress, first_active_iter
from sr4ir_mm.structures.types import Losses, Size

__all__ = [
    'LRHRBatch',
    'Losses',
    'Progress',
    'Size',
    'copy_sample',
    'first_active_iter',
    'repeat_batch',
    'rows_of',
]
