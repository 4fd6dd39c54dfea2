"""Phases: what one part of a training iteration trains, on which images, with which losses.

Imported by the wrapper model; never imports it, nor an optimizer.
"""

from sr4ir_mm.models.phases.adversarial import AdversarialTaskPhase
from sr4ir_mm.models.phases.base import Phase
from sr4ir_mm.models.phases.context import PhaseContext
from sr4ir_mm.models.phases.discriminator import DiscriminatorPhase
from sr4ir_mm.models.phases.images import KINDS, TrainingImages, upsample
from sr4ir_mm.models.phases.joint import JointPhase
from sr4ir_mm.models.phases.sr import SRPhase
from sr4ir_mm.models.phases.task import TaskPhase

__all__ = [
    'KINDS',
    'AdversarialTaskPhase',
    'DiscriminatorPhase',
    'JointPhase',
    'Phase',
    'PhaseContext',
    'SRPhase',
    'TaskPhase',
    'TrainingImages',
    'upsample',
]
