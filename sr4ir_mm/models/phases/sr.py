"""The SR phase."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import nullcontext

import torch
from torch import Tensor, nn

from sr4ir_mm.models.adapters import are_extracted
from sr4ir_mm.models.losses import TDPLoss
from sr4ir_mm.models.phases.base import Phase, weighted
from sr4ir_mm.models.phases.context import PhaseContext
from sr4ir_mm.models.phases.early_gradient import mean_over_images
from sr4ir_mm.registry import MODELS
from sr4ir_mm.structures import Losses
from sr4ir_mm.utils.checks import check_number
from sr4ir_mm.utils.modules import eval_mode, unwrap

#: Images of the TDP loss that are passed together: fewer pixels make convolutions slow, more take memory.
_PIXELS_AT_ONCE = 512**2


class SRLosses(nn.Module):
    """The losses an SR image can have; shared by the SR phase and the joint phase.

    Args:
        pixel: Config of the pixel loss, None for none.
        tdp: Config of the TDP loss, None for none.
        task: Weight of the task's own losses on the SR image, or ``dict(weight=..., begin=...)``; 0 for none.

    Attributes:
        begins: Share of training after which a loss starts, from ``begin`` in the configs.
    """

    def __init__(
        self, pixel: Mapping | None = None, tdp: Mapping | None = None, task: float | Mapping = 0.0
    ) -> None:
        super().__init__()
        task = dict(task) if isinstance(task, Mapping) else {'weight': task}
        configs = {
            name: dict(cfg)
            for name, cfg in (('pixel', pixel), ('tdp', tdp), ('task', task))
            if cfg is not None
        }
        begins = {
            name: check_number(f'begin of the {name} loss', cfg.pop('begin', 0.0), most=0.999)
            for name, cfg in configs.items()
        }
        self.pixel = _build(configs.get('pixel'), 'sr4ir_mm.PixelLoss')
        self.tdp = _build(configs.get('tdp'), 'sr4ir_mm.TDPLoss')
        self.task = check_number('weight of the task loss', configs['task'].get('weight', 1.0))
        self.begins = {name: share for name, share in begins.items() if share > 0}

    def names(self) -> set[str]:
        """Names of the configured losses."""
        configured = {
            'pixel': self.pixel is not None,
            'tdp': self.tdp is not None,
            'task': self.task > 0,
        }
        return {name for name, present in configured.items() if present}


def _build(cfg: dict | None, default_type: str) -> nn.Module | None:
    return None if cfg is None else MODELS.build({'type': default_type, **cfg})


@MODELS.register_module()
class SRPhase(Phase):
    """Train the SR network; the task network is frozen while it lends features or losses.

    Args:
        pixel: ``dict(weight=1.0, criterion='l1')``, None for none.
        tdp: ``dict(layers=..., weights=..., weight=1.0, begin=0.1)``, None for none. Features of SR
            and HR images come from the task network that is being trained, in eval mode; ``begin``
            is the share of training after which it starts.
        task: Weight of the task's own losses on the SR image, or ``dict(weight=..., begin=...)``; 0
            for none (T->S, TDSR).
        task_eval: Take the task losses in eval mode, as T->S does with its finished task network.
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
    ) -> None:
        super().__init__()
        self.every = check_number('SRPhase every', every, least=1, whole=True)
        self.losses = SRLosses(pixel, tdp, task)
        self.begins = self.losses.begins
        self.task_eval = task_eval

    def loss_names(self) -> set[str]:
        """Names of the SR losses."""
        return self.losses.names()

    def compute_losses(self, context: PhaseContext) -> Losses:
        """See :meth:`Phase.compute_losses`; no losses in the iterations that ``every`` leaves out."""
        if context.progress.iteration % self.every:
            return {}
        sr_rgb01 = context.images.super_resolve()
        active = self.active_losses(context.progress)
        losses = image_losses(self.losses, active, context, sr_rgb01)
        if 'task' in active:
            losses.update(self._task_losses(context, sr_rgb01))
        return losses

    def _task_losses(self, context: PhaseContext, sr_rgb01: Tensor) -> Losses:
        task_net = unwrap(context.task_net)
        with eval_mode(task_net) if self.task_eval else nullcontext():
            losses = context.adapter.loss(task_net, sr_rgb01, context.images.batch)
        return weighted(losses, self.losses.task, 'sr')


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
    """Distance of SR and HR features of the task network in eval mode.

    SR features come first: inside one autocast context, a forward pass without gradient caches cast weights that carry
    none, and a later pass of the same network would have no gradient at all.
    """
    layers = criterion.layers or context.default_layers
    images, adapter, task_net = context.images, context.adapter, context.task_net
    with eval_mode(unwrap(task_net)):
        if _splits(criterion, layers, task_net, sr_rgb01):
            return _tdp_in_parts(criterion, context, sr_rgb01, layers)
        sr_features = adapter.features(task_net, sr_rgb01, images.batch, layers)
        with torch.no_grad() if criterion.detach_hr else nullcontext():
            hr_features = adapter.features(task_net, images.hr_rgb01, images.batch, layers)
    return criterion(sr_features, hr_features)


def _splits(
    criterion: TDPLoss, layers: Sequence[str], task_net: nn.Module, sr_rgb01: Tensor
) -> bool:
    """Whether the loss can be taken in parts of the batch, and is to be.

    The gradient that is taken early knows nothing of the scale that keeps float16 from vanishing.
    """
    device = sr_rgb01.device.type
    wanted = device == 'cpu' if criterion.in_parts is None else criterion.in_parts
    return (
        wanted
        and criterion.detach_hr
        and are_extracted(layers)
        and sr_rgb01.requires_grad
        and not any(parameter.requires_grad for parameter in task_net.parameters())
        and not (torch.is_autocast_enabled(device) and _autocasts_to_float16(device))
    )


def _autocasts_to_float16(device: str) -> bool:
    return torch.get_autocast_dtype(device) == torch.float16


def _tdp_in_parts(
    criterion: TDPLoss, context: PhaseContext, sr_rgb01: Tensor, layers: Sequence[str]
) -> Tensor:
    adapter, task_net, batch = context.adapter, context.task_net, context.images.batch
    sr_inputs, samples = adapter.feature_inputs(sr_rgb01, batch, layers)
    hr_inputs, _ = adapter.feature_inputs(context.images.hr_rgb01, batch, layers)

    def loss(sr_input: Tensor, rows: slice) -> Tensor:
        sr_features = adapter.features_of(task_net, sr_input, samples[rows], layers)
        with torch.no_grad():
            hr_features = adapter.features_of(task_net, hr_inputs[rows], samples[rows], layers)
        return criterion(sr_features, hr_features)

    at_once = math.ceil(_PIXELS_AT_ONCE / math.prod(sr_inputs.shape[-2:]))
    return mean_over_images(loss, sr_inputs, at_once)
