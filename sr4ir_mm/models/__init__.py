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
from sr4ir_mm.models.discriminators import ImageDiscriminator, RealFakeBranch
from sr4ir_mm.models.losses import (
    AdversarialLoss,
    DistillLoss,
    PerceptualLoss,
    PixelLoss,
    SegmentationLoss,
    TDPLoss,
)
from sr4ir_mm.models.phases import (
    AdversarialTaskPhase,
    DiscriminatorPhase,
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
    'DiscriminatorPhase',
    'DistillLoss',
    'ImageDiscriminator',
    'JointPhase',
    'LRHRDataPreprocessor',
    'PerceptualLoss',
    'Phase',
    'PixelLoss',
    'RealFakeBranch',
    'SRPhase',
    'SegmentationAdapter',
    'SegmentationLoss',
    'TDPLoss',
    'TaskAdapter',
    'TaskDrivenSR',
    'TaskPhase',
    'TorchvisionMobileNetV3',
]
