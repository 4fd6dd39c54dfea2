"""Channels-last order of weights, and with them of feature maps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from sr4ir_mm.utils.errors import UserError

_LEAST_CHANNELS = 16


def use_channels_last(model: nn.Module, nets: bool | Sequence[str] = True) -> None:
    """Keep the weights of convolutions, and with them feature maps, in channels-last order.

    The results are the same up to rounding. A CPU trains narrow networks 1.2 to 1.3 times as fast
    (``tools/analysis_tools/benchmark.py``, one thread), and tensor cores want this order in mixed precision; an SR
    network in float32 on a GPU is slower in it (docs/performance.md). It has to come before a
    distributed wrapper, which lays out its buckets by the order it finds: gradients of the first iteration are
    otherwise summed at the wrong places.

    Args:
        model: The model.
        nets: Names of its networks; True for all of it, False for nothing.

    Raises:
        UserError: It has no network of that name.
    """
    if nets is True:
        _convert(model)
    for name in () if isinstance(nets, bool) else nets:
        if not isinstance(getattr(model, name, None), nn.Module):
            known = ', '.join(model.nets())
            raise UserError(
                f'channels_last names {name!r}; the networks of this model are {known}.'
            )
        _convert(getattr(model, name))


def _convert(model: nn.Module) -> None:
    for module in model.modules():
        if type(module).__module__.startswith('mmcv.ops') or corrupts_memory(module):
            module.register_forward_pre_hook(_make_contiguous)
        elif isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            module.to(memory_format=torch.channels_last)


def corrupts_memory(module: nn.Module) -> bool:
    """Whether oneDNN's backward pass of a convolution writes where it must not in this order.

    Found with torch 2.4.1: 1x1 convolutions with a stride and fewer than 16 input channels, as in the shortcuts of
    narrow ResNets, end in a segmentation fault or worse.
    """
    return (
        isinstance(module, nn.Conv2d)
        and module.kernel_size == (1, 1)
        and max(module.stride) > 1
        and module.in_channels < _LEAST_CHANNELS
    )


@contextmanager
def usual_layout(model: nn.Module) -> Iterator[None]:
    """Lay channels-last weights out as usual for a while.

    Random initial values are drawn in the order of memory, and a seed shall mean the same weights in both orders.
    """
    weights = [p for p in model.parameters() if p.dim() == 4 and not p.is_contiguous()]
    for weight in weights:
        weight.data = weight.data.contiguous()
    try:
        yield
    finally:
        for weight in weights:
            weight.data = weight.data.contiguous(memory_format=torch.channels_last)


def _make_contiguous(module: nn.Module, args: tuple) -> tuple:
    """Mmcv's operators (RoIAlign) read memory as if it were in the usual order, and say nothing if it is not."""
    return tuple(_contiguous(arg) for arg in args)


def _contiguous(value: Any) -> Any:
    return value.contiguous() if isinstance(value, Tensor) else value
