"""Models: the wrapper model, its phases, adapters, degradations, losses and networks."""

from sr4ir_mm.models.adapters import (
    ClassificationAdapter,
    DetectionAdapter,
    SegmentationAdapter,
    TaskAdapter,
)
from sr4ir_mm.models.data_preprocessors import LRHRBatch, LRHRDataPreprocessor
from sr4ir_mm.models.degradations import BicubicDegradation
from sr4ir_mm.models.losses import PixelLoss, TDPLoss
from sr4ir_mm.models.phases import JointPhase, Phase, SRPhase, TaskPhase
from sr4ir_mm.models.task_driven_sr import TaskDrivenSR
from sr4ir_mm.models.task_nets import TorchvisionMobileNetV3

__all__ = [
    'BicubicDegradation',
    'ClassificationAdapter',
    'DetectionAdapter',
    'JointPhase',
    'LRHRBatch',
    'LRHRDataPreprocessor',
    'Phase',
    'PixelLoss',
    'SRPhase',
    'SegmentationAdapter',
    'TDPLoss',
    'TaskAdapter',
    'TaskDrivenSR',
    'TaskPhase',
    'TorchvisionMobileNetV3',
]
