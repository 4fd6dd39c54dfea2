"""A loss whose gradient is taken image by image while it is computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


def mean_over_images(loss: Callable[[Tensor, slice], Tensor], images: Tensor) -> Tensor:
    """The mean over images of a loss of each alone, with the gradient to the images.

    The gradient is taken at once and kept for the backward pass, so that memory holds the graph of one image at a time.
    Nothing else that ``loss`` depends on gets a gradient.

    Args:
        loss: Maps some of the images and their rows to a scalar.
        images: (N, ...) with N > 0.

    Returns:
        Scalar.
    """
    return _EarlyGradient.apply(images, loss)


class _EarlyGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, images: Tensor, loss: Callable[[Tensor, slice], Tensor]) -> Tensor:
        gradient, losses = torch.empty_like(images), []
        for row in range(len(images)):
            rows = slice(row, row + 1)
            with torch.enable_grad():
                image = images[rows].detach().requires_grad_()
                value = loss(image, rows) / len(images)
                (gradient[rows],) = torch.autograd.grad(value, image)
            losses.append(value.detach())
        ctx.save_for_backward(gradient)
        return torch.stack(losses).sum()

    @staticmethod
    def backward(ctx: Any, factor: Tensor) -> tuple[Tensor, None]:
        (gradient,) = ctx.saved_tensors
        return factor * gradient, None
