"""The SR phase."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext

import torch
from torch import Tensor, nn

from sr4ir_mm.models.losses import TDPLoss
from sr4ir_mm.models.phases.base import Phase, weighted
from sr4ir_mm.models.phases.context import PhaseContext
from sr4ir_mm.registry import MODELS
from sr4ir_mm.structures import Losses
from sr4ir_mm.utils.checks import check_number
from sr4ir_mm.utils.modules import eval_mode, steady_mode, unwrap


class SRLosses(nn.Module):
    """The losses an SR image can have; shared by the SR phase and the joint phase.

    Args:
        pixel: Config of the pixel loss, None for none.
        tdp: Config of the TDP loss, None for none.
        task: Weight of the task's own losses on the SR image, or ``dict(weight=..., begin=...)``; 0 for none.
        adversarial: Config of the adversarial loss, None for none.

    Attributes:
        begins: Share of training after which a loss starts, from ``begin`` in the configs.
    """

    def __init__(
        self,
        pixel: Mapping | None = None,
        tdp: Mapping | None = None,
        task: float | Mapping = 0.0,
        adversarial: Mapping | None = None,
    ) -> None:
        super().__init__()
        task = dict(task) if isinstance(task, Mapping) else {'weight': task}
        given = dict(pixel=pixel, tdp=tdp, task=task, adversarial=adversarial)
        configs = {name: dict(cfg) for name, cfg in given.items() if cfg is not None}
        begins = {
            name: check_number(f'begin of the {name} loss', cfg.pop('begin', 0.0), most=0.999)
            for name, cfg in configs.items()
        }
        self.pixel = _build(configs.get('pixel'), 'sr4ir_mm.PixelLoss')
        self.tdp = _build(configs.get('tdp'), 'sr4ir_mm.TDPLoss')
        self.adversarial = _build(configs.get('adversarial'), 'sr4ir_mm.AdversarialLoss')
        self.task = check_number('weight of the task loss', configs['task'].get('weight', 1.0))
        self.begins = {name: share for name, share in begins.items() if share > 0}

    def names(self) -> set[str]:
        """Names of the configured losses."""
        configured = {
            'pixel': self.pixel is not None,
            'tdp': self.tdp is not None,
            'task': self.task > 0,
            'adversarial': self.adversarial is not None,
        }
        return {name for name, present in configured.items() if present}


def _build(cfg: dict | None, default_type: str) -> nn.Module | None:
    return None if cfg is None else MODELS.build({'type': default_type, **cfg})


@MODELS.register_module()
class SRPhase(Phase):
    """Train the SR network; the others are frozen while they lend features or losses.

    Args:
        pixel: ``dict(weight=1.0, criterion='l1')``, None for none.
        tdp: ``dict(layers=..., weights=..., weight=1.0, begin=0.1)``, None for none. Features of SR
            and HR images come from the task network that is being trained, in eval mode, or from
            the model's ``extractor`` if it has one; ``begin`` is the share of training after which it
            starts.
        task: Weight of the task's own losses on the SR image, or ``dict(weight=..., begin=...)``; 0
            for none (T->S, TDSR).
        task_eval: Keep batch norms' statistics and dropout still while the task and adversarial losses are taken, as
            T->S does with its finished task network.
        adversarial: ``dict(weight=0.001, begin=...)``, None for none. The discriminator is to call the SR image real;
            it looks at the features of the same pass that gives the task losses.
        every: Train the SR network in every so many-th iteration only; the paper does in each.

    Raises:
        UserError: ``every`` is no positive number.

    Source: methods.md 5.2 and 5.4, step 1; ``every`` is this project's own.
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
    ) -> None:
        super().__init__()
        self.every = check_number('SRPhase every', every, least=1, whole=True)
        self.losses = SRLosses(pixel, tdp, task, adversarial)
        self.begins = self.losses.begins
        self.task_eval = task_eval

    def loss_names(self) -> set[str]:
        """Names of the SR losses."""
        return self.losses.names()

    def needs_extractor(self) -> bool:
        """Whether the TDP loss names the extractor."""
        return 'extractor' in ((self.losses.tdp and self.losses.tdp.nets) or ())

    def compute_losses(self, context: PhaseContext) -> Losses:
        """See :meth:`Phase.compute_losses`; no losses in the iterations that ``every`` leaves out."""
        if context.progress.iteration % self.every:
            return {}
        sr_rgb01 = context.images.super_resolve()
        active = self.active_losses(context.progress)
        losses = image_losses(self.losses, active, context, sr_rgb01)
        if not active.isdisjoint(('task', 'adversarial')):
            losses.update(self._task_losses(active, context, sr_rgb01))
        return losses

    def _task_losses(self, active: set[str], context: PhaseContext, sr_rgb01: Tensor) -> Losses:
        """The task's own losses and the adversarial one, of one pass of the task network."""
        adapter, task_net = context.adapter, unwrap(context.task_net)
        branch = unwrap(context.nets['discriminator']) if 'adversarial' in active else None
        layers = branch.layers if branch else ()
        arguments = (task_net, sr_rgb01, context.images.batch, layers)
        with steady_mode(task_net) if self.task_eval else nullcontext():
            if 'task' in active:
                losses, features = adapter.loss_and_features(*arguments)
            else:
                losses, features = {}, adapter.features(*arguments)
        losses = weighted(losses, self.losses.task, 'sr')
        if branch:
            losses['loss_adversarial'] = self.losses.adversarial(branch(features), real=True)
        return losses


def image_losses(
    losses: SRLosses, active: set[str], context: PhaseContext, sr_rgb01: Tensor
) -> Losses:
    """The active pixel and TDP losses of the SR image."""
    values: Losses = {}
    if 'pixel' in active:
        values['loss_pixel'] = losses.pixel(sr_rgb01, context.images.hr_rgb01)
    if 'tdp' in active:
        values['loss_tdp'] = tdp_loss(losses.tdp, context, sr_rgb01)
    return values


def tdp_loss(criterion: TDPLoss, context: PhaseContext, sr_rgb01: Tensor) -> Tensor:
    """Distance of SR and HR features of a network in eval mode, the mean if there are several."""
    nets = criterion.nets or [context.feature_net]
    losses = [_features_loss(criterion, context, sr_rgb01, name) for name in nets]
    return sum(losses) / len(losses)


def _features_loss(
    criterion: TDPLoss, context: PhaseContext, sr_rgb01: Tensor, name: str
) -> Tensor:
    """Distance in the features of one network.

    SR features come first: inside one autocast context, a forward pass without gradient caches cast weights that carry
    none, and a later pass of the same network would have no gradient at all.
    """
    layers = criterion.layers or context.default_layers
    images, adapter, net = context.images, context.adapter, context.nets[name]
    with eval_mode(unwrap(net)):
        sr_features = adapter.features(net, sr_rgb01, images.batch, layers)
        if name == 'extractor':
            return criterion(sr_features, context.extracted(layers))
        with torch.no_grad() if criterion.detach_hr else nullcontext():
            hr_features = adapter.features(net, images.hr_rgb01, images.batch, layers)
    return criterion(sr_features, hr_features)
