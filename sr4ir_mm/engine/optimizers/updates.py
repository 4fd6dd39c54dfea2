"""One update of one or several optimizer wrappers after one backward pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from mmengine.optim import OptimWrapper
from torch import Tensor


class JointLossScaler:
    """The loss scaler of a backward pass that several optimizers share.

    mmengine's ``AmpOptimWrapper`` has a scaler of its own and updates it in every step. Gradients of one pass carry one
    scale, though, so that all of its optimizers must unscale by that one, and it changes only after the last of them.

    Args:
        scaler: The scaler that is shared.
        users: How many optimizers step before the scale is updated.
    """

    def __init__(self, scaler: torch.amp.GradScaler, users: int) -> None:
        self._scaler = scaler
        self._users = users
        self._waiting = users

    def update(self, new_scale: float | Tensor | None = None) -> None:
        """Update the scale once every optimizer has asked for it."""
        self._waiting -= 1
        if self._waiting == 0:
            self._waiting = self._users
            self._scaler.update(new_scale)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._scaler, name)


def share_loss_scaler(wrappers: Mapping[str, OptimWrapper]) -> None:
    """Give wrappers of one backward pass one scaler; those without any (float32) are left as they are."""
    scalers = [wrapper.loss_scaler for wrapper in wrappers.values() if has_scaler(wrapper)]
    if scalers:
        shared = JointLossScaler(scalers[0], len(scalers))
        for wrapper in wrappers.values():
            wrapper.loss_scaler = shared


def has_scaler(wrapper: OptimWrapper) -> bool:
    """Whether a wrapper scales losses, as ``AmpOptimWrapper`` does."""
    return hasattr(wrapper, 'loss_scaler')


def add_gradients(total: Tensor, wrapper: OptimWrapper) -> None:
    """Backward pass of a part of a loss, which neither counts as an iteration nor updates anything."""
    scaled = wrapper.scale_loss(total)
    if has_scaler(wrapper):
        scaled = wrapper.loss_scaler.scale(scaled)
    scaled.backward()


def update_together(total: Tensor, wrappers: Mapping[str, OptimWrapper]) -> dict[str, Tensor]:
    """One backward pass of ``total`` and one update of every wrapper.

    Returns:
        For logging, of the wrappers that did step in this call: ``<net>/grad_norm`` where gradients are clipped and
        ``<net>/skipped_updates`` where overflows are counted.
    """
    lead, *others = wrappers.values()
    lead.backward(lead.scale_loss(total))
    for wrapper in others:
        # Counts the iteration in this wrapper, whose gradients came with the lead's pass.
        wrapper.backward(torch.zeros((), device=total.device, requires_grad=True))
    norms: dict[str, Tensor] = {}
    for name, wrapper in wrappers.items():
        if wrapper.should_update():
            wrapper.step()
            wrapper.zero_grad()
            norms.update(gradient_norm(name, wrapper))
            if hasattr(wrapper, 'skipped'):
                norms[f'{name}/skipped_updates'] = torch.tensor(float(wrapper.skipped))
    return norms


def gradient_norm(name: str, wrapper: OptimWrapper) -> dict[str, Tensor]:
    """The norm that this wrapper's step has just noted; mmengine logs those of all optimizers under one name."""
    if not wrapper.clip_grad_kwargs:
        return {}
    noted = wrapper.message_hub.log_scalars.get('train/grad_norm')
    return {} if noted is None else {f'{name}/grad_norm': torch.tensor(noted.current())}


def drop_gradients(wrappers: Mapping[str, OptimWrapper]) -> None:
    """Count an iteration without an update; accumulated gradients are given up with it."""
    for wrapper in wrappers.values():
        wrapper.zero_grad()
        wrapper._inner_count += 1
