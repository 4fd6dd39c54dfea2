"""A loss whose gradient is taken part by part of the batch while it is computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd import backward

from sr4ir_mm.utils.parts import even_slices


def mean_over_images(
    loss: Callable[[Tensor, slice], Tensor], images: Tensor, at_once: int
) -> Tensor:
    """The mean over images of a loss that is itself a mean over images, with the gradient to the images.

    The gradient is taken at once and kept for the backward pass, so that memory holds the graph of few images at a
    time. Nothing else that ``loss`` depends on gets a gradient.

    Args:
        loss: Maps some of the images and their rows to a scalar.
        images: (N, ...) with N > 0.
        at_once: Most images in one call of ``loss``; calls get about equally many.

    Returns:
        Scalar.
    """
    return _EarlyGradient.apply(images, loss, at_once)


class _EarlyGradient(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, images: Tensor, loss: Callable[[Tensor, slice], Tensor], at_once: int
    ) -> Tensor:
        gradient, losses = torch.empty_like(images), []
        for rows in even_slices(len(images), at_once):
            with torch.enable_grad():
                part = images[rows].detach().requires_grad_()
                value = loss(part, rows) * (len(part) / len(images))
                backward(value, inputs=[part])
            gradient[rows] = part.grad
            losses.append(value.detach())
        ctx.save_for_backward(gradient)
        return torch.stack(losses).sum()

    @staticmethod
    def backward(ctx: Any, factor: Tensor) -> tuple[Tensor, None, None]:
        (gradient,) = ctx.saved_tensors
        return factor * gradient, None, None
