"""The TDP loss of one iteration: whose features, of the whole batch or in parts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import nullcontext

import torch
from torch import Tensor, nn

from sr4ir_mm.models.adapters import are_extracted
from sr4ir_mm.models.losses import TDPLoss
from sr4ir_mm.models.phases.context import PhaseContext
from sr4ir_mm.models.phases.early_gradient import mean_over_images
from sr4ir_mm.models.phases.importance import weighted_features
from sr4ir_mm.utils.autocast import autocast_dtype
from sr4ir_mm.utils.modules import eval_mode, unwrap

#: Images of the TDP loss that are passed together: fewer pixels make convolutions slow, more take memory.
_PIXELS_AT_ONCE = 512**2


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
        if _splits(criterion, layers, net, sr_rgb01):
            return _tdp_in_parts(criterion, context, sr_rgb01, layers, name)
        sr_features = adapter.features(net, sr_rgb01, images.batch, layers)
        if criterion.task_weighted:
            return criterion(sr_features, *weighted_features(context, layers, name))
        if name == 'extractor':
            return criterion(sr_features, context.extracted(layers))
        with torch.no_grad() if criterion.detach_hr else nullcontext():
            hr_features = adapter.features(net, images.hr_rgb01, images.batch, layers)
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
        and not criterion.task_weighted
        and criterion.detach_hr
        and are_extracted(layers)
        and sr_rgb01.requires_grad
        and not any(parameter.requires_grad for parameter in task_net.parameters())
        and autocast_dtype(device) != torch.float16
    )


def _tdp_in_parts(
    criterion: TDPLoss,
    context: PhaseContext,
    sr_rgb01: Tensor,
    layers: Sequence[str],
    name: str,
) -> Tensor:
    adapter, net, batch = context.adapter, context.nets[name], context.images.batch
    sr_inputs, samples = adapter.feature_inputs(sr_rgb01, batch, layers)
    if name == 'extractor':
        whole = context.extracted(layers)
    else:
        hr_inputs, _ = adapter.feature_inputs(context.images.hr_rgb01, batch, layers)

    @torch.no_grad()
    def hr_features(rows: slice) -> list[Tensor]:
        if name == 'extractor':
            return [feature[rows] for feature in whole]
        return adapter.features_of(net, hr_inputs[rows], samples[rows], layers)

    def loss(sr_input: Tensor, rows: slice) -> Tensor:
        sr_features = adapter.features_of(net, sr_input, samples[rows], layers)
        return criterion(sr_features, hr_features(rows))

    at_once = math.ceil(_PIXELS_AT_ONCE / math.prod(sr_inputs.shape[-2:]))
    return mean_over_images(loss, sr_inputs, at_once)
