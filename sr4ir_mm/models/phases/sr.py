"""The SR phase."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor, nn

from sr4ir_mm.models.phases.balance import balance_losses
from sr4ir_mm.models.phases.base import Phase, weighted
from sr4ir_mm.models.phases.context import PhaseContext
from sr4ir_mm.models.phases.tdp import tdp_loss
from sr4ir_mm.registry import MODELS
from sr4ir_mm.structures import Losses
from sr4ir_mm.utils.checks import check_number, check_options
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.modules import mixes_or_draws, steady_mode, unwrap
from sr4ir_mm.utils.parts import even_slices, image_slices


class SRLosses(nn.Module):
    """The losses an SR image can have; shared by the SR phase and the joint phase.

    Args:
        pixel: Config of the pixel loss, None for none.
        tdp: Config of the TDP loss, None for none.
        task: Weight of the task's own losses on the SR image, or ``dict(weight=..., begin=...)``; 0 for none.
        adversarial: Config of the adversarial loss, None for none.
        perceptual: Config of the perceptual loss, None for none.
        segmentation: Config of the segmentation loss, None for none.

    Attributes:
        begins: Share of training after which a loss starts, from ``begin`` in the configs.
    """

    def __init__(
        self,
        pixel: Mapping | None = None,
        tdp: Mapping | None = None,
        task: float | Mapping = 0.0,
        adversarial: Mapping | None = None,
        perceptual: Mapping | None = None,
        segmentation: Mapping | None = None,
    ) -> None:
        super().__init__()
        task = _task_options(task)
        given = dict(pixel=pixel, tdp=tdp, task=task, adversarial=adversarial)
        given.update(perceptual=perceptual, segmentation=segmentation)
        configs = {
            name: dict(check_options(f'the {name} loss', cfg))
            for name, cfg in given.items()
            if cfg is not None
        }
        begins = {
            name: check_number(f'begin of the {name} loss', cfg.pop('begin', 0.0), most=0.999)
            for name, cfg in configs.items()
        }
        self.pixel = _build(configs.get('pixel'), 'sr4ir_mm.PixelLoss')
        self.tdp = _build(configs.get('tdp'), 'sr4ir_mm.TDPLoss')
        self.adversarial = _build(configs.get('adversarial'), 'sr4ir_mm.AdversarialLoss')
        self.perceptual = _build(configs.get('perceptual'), 'sr4ir_mm.PerceptualLoss')
        self.segmentation = _build(configs.get('segmentation'), 'sr4ir_mm.SegmentationLoss')
        self.task = check_number('weight of the task loss', configs['task']['weight'])
        self.begins = {name: share for name, share in begins.items() if share > 0}

    def names(self) -> set[str]:
        """Names of the configured losses."""
        built = ('pixel', 'tdp', 'adversarial', 'perceptual', 'segmentation')
        names = {name for name in built if getattr(self, name) is not None}
        return names | ({'task'} if self.task > 0 else set())


def _task_options(task: float | Mapping) -> dict:
    options = {'weight': 1.0, **task} if isinstance(task, Mapping) else {'weight': task}
    unknown = sorted(set(options) - {'weight', 'begin'})
    if unknown:
        raise UserError(
            f'the task loss of a phase has unknown options {unknown}; it takes weight and begin.'
        )
    return options


def _build(cfg: dict | None, default_type: str) -> nn.Module | None:
    return None if cfg is None else MODELS.build({'type': default_type, **cfg})


@MODELS.register_module()
class SRPhase(Phase):
    """Train the SR network; the others are frozen while they lend features or losses.

    Args:
        pixel: ``dict(weight=1.0, criterion='l1', begin=0.0)``, None for none.
        tdp: ``dict(layers=..., weights=..., weight=1.0, begin=0.1)``, None for none. Features of SR
            and HR images come from the task network that is being trained, in eval mode, or from
            the model's ``extractor`` if it has one; ``begin`` is the share of training after which it
            starts.
        task: Weight of the task's own losses on the SR image, or ``dict(weight=..., begin=...)``; 0
            for none (T->S, TDSR).
        task_eval: Keep batch norms' statistics and dropout still while the task and adversarial losses are taken, as
            T->S does with its finished task network.
        adversarial: ``dict(weight=0.001, begin=...)``, None for none. The discriminator is to call the SR image real;
            a real/fake branch looks at the features of the same pass that gives the task losses.
        perceptual: ``dict(weight=0.006, layer='conv5_4', pretrained=..., begin=...)``, None for none.
        segmentation: ``dict(weight=0.1)``, None for none: the loss of the SR network's own segmentation layer, which
            only ``SharedDecoderNet`` has. It starts with the training, as distributed training has to see the layer in
            every iteration.
        every: Train the SR network in every so many-th iteration only; the paper does in each.
        end: Share of training after which the SR network rests for good, as it is after a training of its own.
        in_parts: Pass a few images (as many as fill 320 x 320 HR px) through the SR network and its losses, and
            differentiate, before the next: the same up to rounding, and memory holds the graph of a part. Only where
            the losses are means over images, no network of the phase mixes them or draws random numbers, and nothing
            is resized to the largest of a batch. A number is that of images at a time; None does so on the CPU.
        begin: Share of training after which any loss starts. The SR network rests until then, and the training is
            S->T's so far.
        balance: Scale the TDP loss, in every iteration anew, so that the norm of its gradient to the SR images is so
            many times that of the pixel loss's: how large features are differs between networks and changes while they
            are trained, and the weight would have to be found for each. The TDP loss's own weight has no effect then.
            Where either gradient is 0 or not finite, the loss is left as it is. Each process balances its own images.
            None leaves the weights alone, as the paper does.

    Raises:
        UserError: ``every`` or ``balance`` is no positive number, ``end`` is not after ``begin``, a loss to be balanced
            is missing, or the segmentation loss is to start late.

    Source: methods.md 5.2 and 5.4, step 1; the options from ``every`` on, but for the
    losses, are this project's own.
    """

    trains = ('sr_net',)

    def __init__(
        self,
        pixel: Mapping | None = None,
        tdp: Mapping | None = None,
        task: float | Mapping = 0.0,
        task_eval: bool = True,
        every: int = 1,
        adversarial: Mapping | None = None,
        perceptual: Mapping | None = None,
        segmentation: Mapping | None = None,
        balance: float | None = None,
        begin: float = 0.0,
        end: float = 1.0,
        in_parts: bool | int | None = None,
    ) -> None:
        super().__init__()
        fixed = in_parts is None or isinstance(in_parts, bool)
        self.in_parts = (
            in_parts if fixed else check_number('SRPhase in_parts', in_parts, least=1, whole=True)
        )
        self.every = check_number('SRPhase every', every, least=1, whole=True)
        self.losses = SRLosses(pixel, tdp, task, adversarial, perceptual, segmentation)
        self.begin = check_number('begin of SRPhase', begin, most=0.999)
        self.end = check_number('end of SRPhase', end, most=1.0)
        if self.end <= self.begin:
            raise UserError(
                f'SRPhase has begin={begin!r} and end={end!r}, between which nothing is left; make end larger.'
            )
        begins = {n: max(self.begin, self.losses.begins.get(n, 0.0)) for n in self.losses.names()}
        self.begins = {name: share for name, share in begins.items() if share > 0}
        if 'segmentation' in self.begins:
            raise UserError(
                'SRPhase segmentation has begin above 0, but its layer has to be trained in every iteration; leave '
                'begin out.'
            )
        self.task_eval = task_eval
        self.balance = None if balance is None else self._check_balance(balance)

    def _check_balance(self, balance: float) -> float:
        missing = sorted({'pixel', 'tdp'} - self.loss_names())
        if missing:
            raise UserError(
                f'SRPhase has balance={balance!r} but no {" and no ".join(missing)} loss, and it needs both to balance '
                'them; add what is missing, or leave balance out.'
            )
        return check_number('SRPhase balance', balance, least=1e-3)

    def loss_names(self) -> set[str]:
        """Names of the SR losses."""
        return self.losses.names()

    @property
    def rests(self) -> bool:
        """Whether there are iterations in which the SR network does not learn."""
        return self.every > 1 or self.end < 1 or self.loss_names() <= set(self.begins)

    def needs_extractor(self) -> bool:
        """Whether the TDP loss names the extractor."""
        return 'extractor' in self.compared_nets()

    def loss_parts(self, context: PhaseContext) -> Sequence[Callable[[], Losses]]:
        """See :meth:`Phase.loss_parts` and ``in_parts``."""
        parts = self._parts(context)
        if len(parts) == 1:
            return super().loss_parts(context)
        made: list[Tensor] = []

        def losses_of(rows: slice) -> Losses:
            images = context.images.rows(rows)
            losses = self.compute_losses(replace(context, images=images))
            made.append(images.sr_rgb01.detach())
            if len(made) == len(parts):
                context.images.remember_sr(torch.cat(made))
            share = len(images.batch) / len(context.images.batch)
            return {name: share * value for name, value in losses.items()}

        return [partial(losses_of, rows) for rows in parts]

    def _parts(self, context: PhaseContext) -> list[slice]:
        """Rows of the batch that are passed together."""
        lr_rgb01, scale = context.images.batch.lr_rgb01, context.images.batch.scale
        wanted = lr_rgb01.device.type == 'cpu' if self.in_parts is None else self.in_parts
        if not wanted or self._is_idle(context) or not self._is_separable(context):
            return [slice(0, len(lr_rgb01))]
        if wanted is not True:
            return even_slices(len(lr_rgb01), wanted)
        return image_slices(len(lr_rgb01), *(scale * side for side in lr_rgb01.shape[-2:]))

    def _is_separable(self, context: PhaseContext) -> bool:
        """Whether the losses of a batch are means of those of its images."""
        tdp = self.losses.tdp
        return (
            self.active_losses(context.progress) <= {'pixel', 'tdp', 'perceptual'}
            and self.balance is None
            and not (tdp and (tdp.task_weighted or context.adapter.mixes_sizes))
            and 'extractor' not in context.nets
            and not mixes_or_draws(context.nets['sr_net'])
        )

    def compute_losses(self, context: PhaseContext) -> Losses:
        """See :meth:`Phase.compute_losses`; none before one has started, or where ``every`` leaves an iteration out."""
        active = self.active_losses(context.progress)
        if self._is_finished_or_waits(context):
            context.images.super_resolve_still(context.nets['sr_net'])
        if self._is_idle(context):
            return {}
        if 'segmentation' in active:
            sr_rgb01, losses = self._segment(context)
        else:
            sr_rgb01, losses = context.images.super_resolve(), {}
        if not active.isdisjoint(('task', 'adversarial')):
            # First, as it may change batch norms' statistics, which the backward pass of the TDP loss reads.
            losses.update(self._judged(active, context, sr_rgb01))
        losses.update(image_losses(self.losses, active, context, sr_rgb01))
        if self.balance and {'pixel', 'tdp'} <= active:
            pair = losses['loss_tdp'], losses['loss_pixel']
            losses['loss_tdp'] = balance_losses(*pair, sr_rgb01, self.balance)
        return losses

    def _is_idle(self, context: PhaseContext) -> bool:
        left_out = bool(context.progress.iteration % self.every)
        return left_out or self._is_finished_or_waits(context)

    def _is_finished_or_waits(self, context: PhaseContext) -> bool:
        """Whether the SR network is as it is for longer, before the first loss or after the end."""
        return context.progress.ended(self.end) or not self.active_losses(context.progress)

    def _segment(self, context: PhaseContext) -> tuple[Tensor, Losses]:
        """SR images and the loss of the SR network's own segmentation, of one pass of it."""
        batch = context.images.batch
        sr_rgb01, logits = context.nets['sr_net'](batch.lr_rgb01, segment=True)
        context.images.remember_sr(sr_rgb01)
        scale = sr_rgb01.shape[-1] // logits.shape[-1]
        loss = self.losses.segmentation(logits, context.adapter.labels(batch), scale)
        return sr_rgb01, {'loss_segmentation': loss}

    def _judged(self, active: set[str], context: PhaseContext, sr_rgb01: Tensor) -> Losses:
        """The task's own losses and the adversarial one, whose features are of the same pass of the task network."""
        discriminator = unwrap(context.nets['discriminator']) if 'adversarial' in active else None
        layers = discriminator.layers if discriminator else ()
        losses, shown = {}, sr_rgb01
        if 'task' in active or layers:
            losses, features = self._pass_task_net('task' in active, layers, context, sr_rgb01)
            shown = features if layers else shown
        if discriminator:
            losses['loss_adversarial'] = self.losses.adversarial(discriminator(shown), real=True)
        return losses

    def _pass_task_net(
        self, with_losses: bool, layers: Sequence[str], context: PhaseContext, sr_rgb01: Tensor
    ) -> tuple[Losses, list[Tensor]]:
        adapter, task_net = context.adapter, unwrap(context.task_net)
        arguments = (task_net, sr_rgb01, context.images.batch, layers)
        with steady_mode(task_net) if self.task_eval else nullcontext():
            if not with_losses:
                return {}, adapter.features(*arguments)
            losses, features = adapter.loss_and_features(*arguments)
        return weighted(losses, self.losses.task, 'sr'), features


def image_losses(
    losses: SRLosses, active: set[str], context: PhaseContext, sr_rgb01: Tensor
) -> Losses:
    """The active pixel, TDP and perceptual losses of the SR image."""
    values: Losses = {}
    if 'pixel' in active:
        values['loss_pixel'] = losses.pixel(sr_rgb01, context.images.hr_rgb01)
    if 'tdp' in active:
        values['loss_tdp'] = tdp_loss(losses.tdp, context, sr_rgb01)
    if 'perceptual' in active:
        values['loss_perceptual'] = losses.perceptual(sr_rgb01, context.images.hr_rgb01)
    return values
