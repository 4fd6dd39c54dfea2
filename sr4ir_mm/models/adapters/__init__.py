"""Adapters: all knowledge of mmdet, mmseg and mmpretrain.

Imported by phases, data_preprocessors and the wrapper model.
"""

from sr4ir_mm.models.adapters.base import TaskAdapter, content_size
from sr4ir_mm.models.adapters.build import build_adapter, build_task_net, task_library
from sr4ir_mm.models.adapters.classification import ClassificationAdapter
from sr4ir_mm.models.adapters.detection import DetectionAdapter
from sr4ir_mm.models.adapters.features import are_extracted
from sr4ir_mm.models.adapters.segmentation import SegmentationAdapter
from sr4ir_mm.models.adapters.spaces import SpaceChange, TaskSpace

__all__ = [
    'ClassificationAdapter',
    'DetectionAdapter',
    'SegmentationAdapter',
    'SpaceChange',
    'TaskAdapter',
    'TaskSpace',
    'are_extracted',
    'build_adapter',
    'build_task_net',
    'content_size',
    'task_library',
]
