"""Models: the wrapper model, its phases, adapters, degradations, losses and networks.

Imported by apis, engine's hooks and scripts; imports structures, utils and the registries alone.
"""

from sr4ir_mm.models.adapters import (
    ClassificationAdapter,
    DetectionAdapter,
    SegmentationAdapter,
    TaskAdapter,
)
from sr4ir_mm.models.augments import CQMix
from sr4ir_mm.models.data_preprocessors import LRHRDataPreprocessor
from sr4ir_mm.models.degradations import BicubicDegradation, Degradation, DegradationChain
from sr4ir_mm.models.discriminators import RealFakeBranch
from sr4ir_mm.models.losses import AdversarialLoss, DistillLoss, PixelLoss, TDPLoss
from sr4ir_mm.models.phases import (
    AdversarialTaskPhase,
    JointPhase,
    Phase,
    SRPhase,
    TaskPhase,
)
from sr4ir_mm.models.task_driven_sr import TaskDrivenSR
from sr4ir_mm.models.task_nets import TorchvisionMobileNetV3

__all__ = [
    'AdversarialLoss',
    'AdversarialTaskPhase',
    'BicubicDegradation',
    'CQMix',
    'ClassificationAdapter',
    'Degradation',
    'DegradationChain',
    'DetectionAdapter',
    'DistillLoss',
    'JointPhase',
    'LRHRDataPreprocessor',
    'Phase',
    'PixelLoss',
    'RealFakeBranch',
    'SRPhase',
    'SegmentationAdapter',
    'TDPLoss',
    'TaskAdapter',
    'TaskDrivenSR',
    'TaskPhase',
    'TorchvisionMobileNetV3',
]
