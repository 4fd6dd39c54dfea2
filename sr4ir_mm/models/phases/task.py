"""The task phase."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import torch

from sr4ir_mm.models.phases.base import Phase, check_kinds, kind_loss, weighted
from sr4ir_mm.models.phases.context import PhaseContext
from sr4ir_mm.registry import MODELS
from sr4ir_mm.structures import Losses, repeat_batch
from sr4ir_mm.utils.errors import UserError

_DRAWS = (None, 'sample', 'iteration')


@MODELS.register_module()
class TaskPhase(Phase):
    """Train the task network on weighted image kinds; SR images carry no gradient.

    Args:
        images: Weight by image kind (``hr``, ``up``, ``sr``, ``cqmix``). The paper: 0.34 each of sr, hr, cqmix.
        concat: One forward pass over all kinds together instead of one each. Faster; batch norm then sees mixed
            statistics, and all weights must be equal.
        reuse_sr: Reuse the SR images that the SR phase made before its update instead of a second SR forward.
        draw: One forward pass whatever the number of kinds: ``'sample'`` draws a kind for each image, with
            probability in proportion to its weight, ``'iteration'`` one for the whole batch. The expected gradient is
            that of all kinds together, as long as no layer depends on the batch. None passes every kind, as the paper
            does.

    Raises:
        UserError: Unknown kinds, or ``concat`` with unequal weights or with ``draw``.

    Source: methods.md 5.4, step 2; ``draw`` is this project's own.
    """

    trains = ('task_net',)

    def __init__(
        self,
        images: Mapping[str, float],
        concat: bool = False,
        reuse_sr: bool = False,
        draw: str | None = None,
    ) -> None:
        super().__init__()
        self.images = check_kinds(images)
        if concat and len(set(self.images.values())) > 1:
            raise UserError(
                f'TaskPhase(concat=True) needs equal weights, not {self.images}; set concat=False or make them equal.'
            )
        if draw not in _DRAWS or (draw and concat):
            raise UserError(
                f"TaskPhase got draw={draw!r} and concat={concat}; draw is 'sample', 'iteration' or None, and concat "
                'goes without it.'
            )
        self.concat = concat
        self.reuse_sr = reuse_sr
        self.draw = draw

    def needs_sr(self) -> bool:
        """Whether any kind is made by an SR network."""
        return not {'sr', 'cqmix'}.isdisjoint(self.images)

    def needs_hr(self) -> bool:
        """Whether any kind is, or is mixed from, an HR image."""
        return not {'hr', 'cqmix'}.isdisjoint(self.images)

    def compute_losses(self, context: PhaseContext) -> Losses:
        """See :meth:`Phase.compute_losses`."""
        return {k: v for part in self.loss_parts(context) for k, v in part().items()}

    def loss_parts(self, context: PhaseContext) -> Sequence[Callable[[], Losses]]:
        """A part an image kind, unless kinds share a pass."""
        if self.draw:
            return [partial(self._drawn, context)]
        if self.needs_sr():
            context.images.refresh_sr(self.reuse_sr)
        if self.concat:
            return [partial(self._joined, context)]
        return [partial(kind_loss, kind, w, context) for kind, w in self.images.items()]

    def _drawn(self, context: PhaseContext) -> Losses:
        images = context.images
        count = len(images.batch)
        drawn = self._draw_kinds(count if self.draw == 'sample' else 1)
        kinds = drawn if self.draw == 'sample' else drawn * count
        losses = context.adapter.loss(
            context.task_net, images.draw(kinds, self.reuse_sr), images.batch
        )
        return weighted(losses, sum(self.images.values()), 'drawn')

    def _draw_kinds(self, count: int) -> list[str]:
        """Kinds by the process's random numbers, on the CPU: which images need SR is known without waiting."""
        weights = torch.tensor(list(self.images.values()), dtype=torch.float)
        kinds = list(self.images)
        return [kinds[i] for i in torch.multinomial(weights, count, replacement=True).tolist()]

    def _joined(self, context: PhaseContext) -> Losses:
        joined = torch.cat([context.images.get(kind) for kind in self.images])
        batch = repeat_batch(context.images.batch, len(self.images))
        # A mean over k times the samples, so that it equals the sum of k weighted means.
        weight = sum(self.images.values())
        return weighted(context.adapter.loss(context.task_net, joined, batch), weight, 'all')
