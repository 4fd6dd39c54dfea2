"""A loss scaled by what it does to the SR images, compared with another."""

from __future__ import annotations

import torch
from torch import Tensor


def balance_losses(loss: Tensor, reference: Tensor, sr_rgb01: Tensor, ratio: float) -> Tensor:
    """Scale a loss so that the norm of its gradient to the SR images is ``ratio`` times a reference loss's.

    The factor is a constant, found without a copy to the host; it is 1 where either norm is 0 or not finite.

    Args:
        loss: Scalar to be scaled, with a graph to the images.
        reference: Scalar with a graph to the images.
        sr_rgb01: (N, 3, H, W); without gradient, there is nothing to balance.
        ratio: What the norms are to be to one another.

    Returns:
        The scaled loss, whose graph is still there.
    """
    if not sr_rgb01.requires_grad:
        return loss
    own, other = (_gradient_norm(value, sr_rgb01) for value in (loss, reference))
    factor = ratio * other / own
    usable = torch.isfinite(factor) & (factor > 0)
    return loss * torch.where(usable, factor, torch.ones_like(factor))


def _gradient_norm(loss: Tensor, sr_rgb01: Tensor) -> Tensor:
    """Norm of the gradient to the images, times their number of elements.

    The losses are means over elements; of the sum, gradients in half precision do not vanish.
    """
    scale = torch.full_like(loss, sr_rgb01.numel())
    (gradient,) = torch.autograd.grad(loss, sr_rgb01, scale, retain_graph=True)
    return gradient.detach().float().norm()
