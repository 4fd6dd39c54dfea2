"""A loss whose gradient is taken part by part of the batch while it is computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


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
        count = len(images)
        parts = -(-count // at_once)
        edges = [count * part // parts for part in range(parts + 1)]
        gradient, losses = torch.empty_like(images), []
        for begin, end in zip(edges[:-1], edges[1:], strict=True):
            rows = slice(begin, end)
            with torch.enable_grad():
                part = images[rows].detach().requires_grad_()
                value = loss(part, rows) * ((end - begin) / count)
                value.backward(inputs=[part])
            gradient[rows] = part.grad
            losses.append(value.detach())
        ctx.save_for_backward(gradient)
        return torch.stack(losses).sum()

    @staticmethod
    def backward(ctx: Any, factor: Tensor) -> tuple[Tensor, None, None]:
        (gradient,) = ctx.saved_tensors
        return factor * gradient, None, None
