"""Pre-flight check: whether the data and the weights that a config names are there.

It runs before torch or an OpenMMLab library is imported, so that the one sentence about a missing data set comes at
once and not as a traceback after a minute of building. Nothing here imports torch at import time.
"""

from sr4ir_mm.utils.resources.check import check_resources
from sr4ir_mm.utils.resources.data import iter_datasets
from sr4ir_mm.utils.resources.downloads import cached_file, download
from sr4ir_mm.utils.resources.weights import RANDOM, iter_weights, resolve_location

__all__ = [
    'RANDOM',
    'cached_file',
    'check_resources',
    'download',
    'iter_datasets',
    'iter_weights',
    'resolve_location',
]
