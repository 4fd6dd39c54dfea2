"""The joint phase."""

from __future__ import annotations

from collections.abc import Mapping

from sr4ir_mm.models.phases.base import Phase, kind_losses, shown_kinds
from sr4ir_mm.models.phases.context import PhaseContext
from sr4ir_mm.models.phases.sr import SRLosses, image_losses
from sr4ir_mm.registry import MODELS
from sr4ir_mm.structures import Losses


@MODELS.register_module()
class JointPhase(Phase):
    """Train both networks with one backward pass: S+T, and the joint ablation with TDP, which collapses in the paper.

    Args:
        images: Weight by image kind; gradient flows through ``sr`` and ``cqmix`` into the SR network.
        pixel: As in ``SRPhase``.
        tdp: As in ``SRPhase``, but the task network is trained by it too.

    Source: methods.md 5.2, row S+T; 5.8, ablation "joint on-training".
    """

    trains = ('sr_net', 'task_net')
    prefix = 'joint'

    def __init__(
        self, images: Mapping[str, float], pixel: Mapping | None = None, tdp: Mapping | None = None
    ) -> None:
        super().__init__()
        self.images = shown_kinds(images)
        # Both features with gradient: that is what makes joint training collapse in the paper.
        joint_tdp = None if tdp is None else {'detach_hr': False, **tdp}
        self.losses = SRLosses(pixel, joint_tdp)
        self.begins = self.losses.begins

    def loss_names(self) -> set[str]:
        """Names of the SR losses."""
        return self.losses.names()

    def compute_losses(self, context: PhaseContext) -> Losses:
        """See :meth:`Phase.compute_losses`."""
        sr_rgb01 = context.images.super_resolve()
        active = self.active_losses(context.progress)
        # First what changes batch norms' statistics: the backward pass of the TDP loss's pass in eval mode reads them.
        losses = kind_losses(self.images, context)
        losses.update(image_losses(self.losses, active, context, sr_rgb01))
        return losses
