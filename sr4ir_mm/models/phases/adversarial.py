"""The task phase of adversarial training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from sr4ir_mm.models.phases.base import check_kinds, kind_loss, weighted
from sr4ir_mm.models.phases.context import PhaseContext
from sr4ir_mm.models.phases.task import TaskPhase
from sr4ir_mm.registry import MODELS
from sr4ir_mm.structures import Losses
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.modules import unwrap

#: What the discriminator is to call images of these kinds; it is not asked about mixed ones.
_IS_REAL = {'sr': False, 'hr': True}


@MODELS.register_module()
class AdversarialTaskPhase(TaskPhase):
    """Train the task network together with its real/fake branch, so that both are the discriminator.

    The branch looks at features of the same pass that gives the task's own losses, and its loss reaches the task
    network as well: HR images are real, SR images are fake.

    Args:
        images: Weight of the task's own losses by image kind; ``sr`` and ``hr`` have to be among them, with weight 0
            if the branch alone is to see them.
        adversarial: ``dict(weight=0.001)``, on each of both kinds.
        reuse_sr: As in :class:`TaskPhase`.

    Raises:
        UserError: Real or fake images are missing.

    Source: methods.md 4; the weights of the task's losses by image kind are reconstructed.
    """

    trains = ('task_net', 'discriminator')

    def __init__(
        self,
        images: Mapping[str, float],
        adversarial: Mapping | None = None,
        reuse_sr: bool = False,
    ) -> None:
        super().__init__(images, reuse_sr=reuse_sr)
        # The branch is shown what the task's own losses leave out.
        self.images = {k: w for k, w in check_kinds(images).items() if w or k in _IS_REAL}
        missing = sorted(set(_IS_REAL) - set(self.images))
        if missing:
            raise UserError(
                f'AdversarialTaskPhase lacks {missing} in images={self.images}, but tells SR from HR images; give '
                'both, with weight 0 if the real/fake branch alone is to see them.'
            )
        self.adversarial = MODELS.build({'type': 'sr4ir_mm.AdversarialLoss', **(adversarial or {})})

    def loss_parts(self, context: PhaseContext) -> Sequence[Callable[[], Losses]]:
        """A part an image kind; those that the branch judges come last.

        Processes exchange gradients after the last part alone, and only of networks that it passes.
        """
        context.images.refresh_sr(self.reuse_sr)
        kinds = sorted(self.images, key=lambda kind: kind in _IS_REAL)
        parts = {True: self._judged, False: kind_loss}
        return [
            partial(parts[kind in _IS_REAL], kind, self.images[kind], context) for kind in kinds
        ]

    def _judged(self, kind: str, weight: float, context: PhaseContext) -> Losses:
        """The task's own losses of one image kind, and whether it was told for what it is."""
        images, branch, real = context.images, context.nets['discriminator'], _IS_REAL[kind]
        losses, features = context.adapter.loss_and_features(
            context.task_net, images.get(kind), images.batch, unwrap(branch).layers
        )
        losses = weighted(losses, weight, kind)
        name = f'{kind}.loss_{"real" if real else "fake"}'
        losses[name] = self.adversarial(branch(features), real)
        return losses
