"""The discriminator's phase."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from sr4ir_mm.models.phases.base import Phase
from sr4ir_mm.models.phases.context import PhaseContext
from sr4ir_mm.registry import MODELS
from sr4ir_mm.structures import Losses
from sr4ir_mm.utils.checks import check_number


@MODELS.register_module()
class DiscriminatorPhase(Phase):
    """Train a discriminator of images to call HR images real and SR images fake.

    Args:
        adversarial: ``dict(weight=1.0)``, of both.
        begin: Share of training after which it starts; that of the SR phase's adversarial loss.
        reuse_sr: Show it the SR images that the SR phase made before its update, instead of a second SR forward.

    Source: methods.md 1 (reconstructed).
    """

    trains = ('discriminator',)

    def __init__(
        self, adversarial: Mapping | None = None, begin: float = 0.0, reuse_sr: bool = True
    ) -> None:
        super().__init__()
        cfg = {'type': 'sr4ir_mm.AdversarialLoss', 'weight': 1.0, **(adversarial or {})}
        self.adversarial = MODELS.build(cfg)
        begin = check_number('begin of DiscriminatorPhase', begin, most=0.999)
        self.begins = {'adversarial': begin} if begin > 0 else {}
        self.reuse_sr = reuse_sr

    def loss_names(self) -> set[str]:
        """It has one loss."""
        return {'adversarial'}

    @property
    def rests(self) -> bool:
        """Whether there are iterations in which the discriminator does not learn."""
        return bool(self.begins)

    def needs_sr(self) -> bool:
        """It does: what is fake is made by the SR network."""
        return True

    def compute_losses(self, context: PhaseContext) -> Losses:
        """See :meth:`Phase.compute_losses`; one pass of both kinds."""
        if not self.active_losses(context.progress):
            return {}
        images = context.images
        images.refresh_sr(self.reuse_sr)
        shown_rgb01 = torch.cat([images.hr_rgb01, images.get('sr').to(images.hr_rgb01)])
        real, fake = context.nets['discriminator'](shown_rgb01).chunk(2)
        return {
            'loss_real': self.adversarial(real, real=True),
            'loss_fake': self.adversarial(fake, real=False),
        }
