"""One update of one or several optimizers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from mmengine.optim import OptimWrapper
from torch import Tensor


def update_together(total: Tensor, wrappers: Sequence[OptimWrapper]) -> None:
    """One backward pass of ``total`` and one update of every wrapper.

    With several wrappers under AMP, all unscale by the smallest of their loss scales, since they share
    the backward pass.
    """
    if len(wrappers) == 1:
        wrappers[0].update_params(total)
        return
    scalers = [wrapper.loss_scaler for wrapper in wrappers if hasattr(wrapper, 'loss_scaler')]
    if scalers:
        smallest = min(
            (scaler.state_dict() for scaler in scalers), key=lambda state: state.get('scale', 1.0)
        )
        for scaler in scalers:
            scaler.load_state_dict(smallest)
    lead, *others = wrappers
    lead.backward(lead.scale_loss(total))
    for wrapper in others:
        # Counts the iteration in this wrapper, whose gradients came with the lead's pass.
        wrapper.backward(torch.zeros((), device=total.device, requires_grad=True))
    for wrapper in wrappers:
        if wrapper.should_update():
            wrapper.step()
            wrapper.zero_grad()


def gradient_norms(wrappers: Mapping[str, OptimWrapper]) -> dict[str, Tensor]:
    """Gradient norms by network; mmengine logs those of all optimizers under one name."""
    norms = {}
    for name, wrapper in wrappers.items():
        scalars = wrapper.message_hub.log_scalars
        if wrapper.clip_grad_kwargs and len(wrappers) == 1 and 'train/grad_norm' in scalars:
            norms[f'{name}/grad_norm'] = torch.tensor(scalars['train/grad_norm'].current())
    return norms
