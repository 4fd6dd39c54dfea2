"""The task phase."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import torch
from torch import Tensor

from sr4ir_mm.models.losses import DistillLoss
from sr4ir_mm.models.phases.base import Phase, shown_kinds, weighted
from sr4ir_mm.models.phases.context import PhaseContext
from sr4ir_mm.registry import MODELS
from sr4ir_mm.structures import Losses, LRHRBatch, repeat_batch
from sr4ir_mm.utils.checks import check_number, check_options
from sr4ir_mm.utils.errors import UserError

_DRAWS = (None, 'sample', 'iteration')


@MODELS.register_module()
class TaskPhase(Phase):
    """Train the task network on weighted image kinds; SR images carry no gradient.

    Args:
        images: Weight by image kind (``hr``, ``up``, ``sr``, ``cqmix``); what has 0 is not shown. The paper: 0.34 each
            of sr, hr, cqmix.
        concat: One forward pass over all kinds together instead of one each. Faster; batch norm then sees mixed
            statistics, and all weights must be equal.
        reuse_sr: Reuse the SR images that the SR phase made before its update instead of a second SR forward.
        draw: One forward pass whatever the number of kinds: ``'sample'`` draws a kind for each image, with
            probability in proportion to its weight, ``'iteration'`` one for the whole batch. The expected gradient is
            that of all kinds together, as long as no layer depends on the batch. None passes every kind, as the paper
            does.
        distill: ``dict(layers=..., weight=1.0, criterion='l1', begin=0.0)``: the features of the images shown are also
            drawn to those that the model's ``extractor``, a finished HR-trained network, has of the HR images; see
            :class:`DistillLoss`. They come from the same pass as the task's own losses. None for none.

        begin: Share of training after which the task network learns. It rests until then, and the features that the SR
            network learns from stand still.

    Raises:
        UserError: Unknown kinds, or ``concat`` with unequal weights or with ``draw``.

    Source: methods.md 5.4, step 2; ``draw`` and ``begin`` are this project's own; ``distill`` is EDTR's idea
    (methods.md 6).
    """

    trains = ('task_net',)

    def __init__(
        self,
        images: Mapping[str, float],
        concat: bool = False,
        reuse_sr: bool = False,
        draw: str | None = None,
        distill: Mapping | None = None,
        begin: float = 0.0,
    ) -> None:
        super().__init__()
        self.begin = check_number('begin of TaskPhase', begin, most=0.999)
        self.images = shown_kinds(images)
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
        options = dict(check_options('the distill loss', distill or {}))
        begin = check_number('begin of the distill loss', options.pop('begin', 0.0), most=0.999)
        build = {'type': 'sr4ir_mm.DistillLoss', **options}
        self.distill = None if distill is None else MODELS.build(build)
        self.begins = {'distill': begin} if begin else {}

    def loss_names(self) -> set[str]:
        """The distillation loss, if there is one."""
        return set() if self.distill is None else {'distill'}

    def feature_loss(self) -> DistillLoss | None:
        """The distillation loss."""
        return self.distill

    def needs_extractor(self) -> bool:
        """Whether an HR-trained network is distilled."""
        return self.distill is not None

    def needs_sr(self) -> bool:
        """Whether any kind is made by an SR network."""
        return not {'sr', 'cqmix'}.isdisjoint(self.images)

    def needs_hr(self) -> bool:
        """Whether any kind is, or is mixed from, an HR image, or HR features are distilled."""
        return self.distill is not None or not {'hr', 'cqmix'}.isdisjoint(self.images)

    @property
    def rests(self) -> bool:
        """Whether there are iterations in which the task network does not learn."""
        return self.begin > 0

    def compute_losses(self, context: PhaseContext) -> Losses:
        """See :meth:`Phase.compute_losses`; none before ``begin``."""
        return {k: v for part in self.loss_parts(context) for k, v in part().items()}

    def loss_parts(self, context: PhaseContext) -> Sequence[Callable[[], Losses]]:
        """A part an image kind, unless kinds share a pass."""
        if not context.progress.passed(self.begin):
            return [dict]
        if self.draw:
            return [partial(self._drawn, context)]
        if self.needs_sr():
            context.images.refresh_sr(self.reuse_sr)
        if self.concat:
            return [partial(self._joined, context)]
        return [partial(self._kind, kind, context) for kind in self.images]

    def _kind(self, kind: str, context: PhaseContext) -> Losses:
        images = context.images
        losses = self._losses(images.get(kind), images.batch, context)
        return weighted(losses, self.images[kind], kind)

    def _losses(
        self, shown_rgb01: Tensor, batch: LRHRBatch, context: PhaseContext, repeats: int = 1
    ) -> Losses:
        """The task's own losses of the images shown and, once it has started, the distillation loss."""
        adapter, task_net = context.adapter, context.task_net
        if 'distill' not in self.active_losses(context.progress):
            return adapter.loss(task_net, shown_rgb01, batch)
        layers = self.distill.layers or context.default_layers
        losses, features = adapter.loss_and_features(task_net, shown_rgb01, batch, layers)
        hr_features = [torch.cat([f] * repeats) for f in context.extracted(layers)]
        return {**losses, 'loss_distill': self.distill(features, hr_features)}

    def _drawn(self, context: PhaseContext) -> Losses:
        images = context.images
        count = len(images.batch)
        drawn = self._draw_kinds(count if self.draw == 'sample' else 1)
        kinds = drawn if self.draw == 'sample' else drawn * count
        losses = self._losses(images.draw(kinds, self.reuse_sr), images.batch, context)
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
        return weighted(self._losses(joined, batch, context, len(self.images)), weight, 'all')
