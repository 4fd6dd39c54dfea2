"""A sample data set from photographs that the scikit-image package carries; no download.

Imported by the scripts that write it.
"""

from sr4ir_mm.datasets.sample.scenes import Scene, SceneMaker
from sr4ir_mm.datasets.sample.writer import write_sample

__all__ = ['Scene', 'SceneMaker', 'write_sample']
