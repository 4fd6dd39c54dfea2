"""How much the task's own loss depends on each element of the features of HR images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from sr4ir_mm.models.phases.context import PhaseContext
from sr4ir_mm.structures import Losses
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.modules import steady_mode, unwrap

#: The loss is scaled by it so that gradients in half precision do not vanish; the weights do not depend on it.
_SCALE = 1024.0


def weighted_features(
    context: PhaseContext, layers: Sequence[str], name: str
) -> tuple[list[Tensor], list[Tensor]]:
    """Features that a network has of the HR images, and the weight of each of their elements.

    Both come from one pass with losses, so that they belong to one another. The task inputs carry a gradient, which
    gives the features a graph where all parameters are frozen; it is asked for no further than to the features.

    Args:
        context: The iteration.
        layers: See :meth:`TaskAdapter.features`.
        name: The network.

    Raises:
        UserError: The network has no losses of its own.
    """
    net, images, adapter = unwrap(context.nets[name]), context.images, context.adapter
    if getattr(net, 'head', net) is None:
        raise UserError(
            f'tdp=dict(task_weighted=True) needs the losses of {name}, but {type(net).__name__} has no head; leave it '
            'out, or compare features of a network that has one.'
        )
    with torch.enable_grad(), steady_mode(net):
        # Of the HR images, the adapter takes the task inputs as they are.
        inputs = images.batch.task_inputs.detach().requires_grad_()
        batch = replace(images.batch, task_inputs=inputs)
        losses, features = adapter.loss_and_features(net, images.hr_rgb01, batch, layers)
        weights = importance_of(total_loss(losses), features)
    return [feature.detach() for feature in features], weights


def importance_of(loss: Tensor, features: Sequence[Tensor]) -> list[Tensor]:
    """Absolute gradients of a loss to features, with mean 1 over each layer and image, which comes first in the shape.

    They are 1 each where the loss does not depend on a layer or an image.
    """
    live = [feature for feature in features if feature.requires_grad and loss.requires_grad]
    found = torch.autograd.grad(_SCALE * loss, live, allow_unused=True) if live else ()
    gradients = {id(feature): item for feature, item in zip(live, found, strict=True)}
    return [_with_mean_one(gradients.get(id(f)), f) for f in features]


def _with_mean_one(gradient: Tensor | None, feature: Tensor) -> Tensor:
    if gradient is None:
        return torch.ones_like(feature, dtype=torch.float)
    size = gradient.detach().float().abs()
    mean = size.flatten(1).mean(1).view(-1, *[1] * (size.ndim - 1))
    usable = torch.isfinite(mean) & (mean > 0)
    return torch.where(usable, size / mean, torch.ones_like(size))


def total_loss(losses: Losses) -> Tensor:
    """Sum of all that mmengine would differentiate."""
    items = [value for name, value in losses.items() if 'loss' in name]
    flat = [t for item in items for t in (item if isinstance(item, (list, tuple)) else [item])]
    return torch.stack([value.float().mean() for value in flat]).sum()
