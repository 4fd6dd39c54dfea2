"""What work costs: seconds and multiply-adds."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from math import prod

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


def clock(device: torch.device) -> Callable[[], float]:
    """Seconds; on an accelerator after all that was asked of it is done.

    On the CPU with one thread it is this thread's own time, in which other processes do not count.
    """
    if device.type == 'cpu':
        return time.thread_time if torch.get_num_threads() == 1 else time.perf_counter

    def synchronised() -> float:
        torch.cuda.synchronize(device)
        return time.perf_counter()

    return synchronised


def flop_counter() -> FlopCounterMode:
    """Torch's counter of floating point operations, right for grouped convolutions.

    torch 2.4 counts the backward pass of a grouped convolution as if it had one group, which for MobileNets is many
    times too much. Each of the two gradients costs what the forward pass does.
    """
    return FlopCounterMode(
        display=False, custom_mapping={torch.ops.aten.convolution_backward: _convolution_backward}
    )


def _convolution_backward(
    grad_shape: Sequence[int],
    input_shape: Sequence[int],
    weight_shape: Sequence[int],
    bias: object,
    stride: object,
    padding: object,
    dilation: object,
    transposed: bool,
    output_padding: object,
    groups: int,
    output_mask: Sequence[bool],
    *args: object,
    **kwargs: object,
) -> int:
    batch, _, *side = input_shape if transposed else grad_shape
    return 2 * batch * prod(side) * prod(weight_shape) * sum(output_mask[:2])


@torch.no_grad()
def best_rate(device: torch.device, turns: int = 10) -> float:
    """Multiply-adds a second of the best work for this machine, the faster of two: a large matrix product and a wide
    3x3 convolution in channels-last order, in float32.

    Multiply-adds of an iteration over this rate are a floor of its seconds: all else comes on top.
    """
    square = torch.rand(1024, 1024, device=device)
    conv = nn.Conv2d(64, 64, 3, padding=1).to(device, memory_format=torch.channels_last)
    image = torch.rand(8, 64, 56, 56, device=device).to(memory_format=torch.channels_last)
    works = {
        square.numel() * len(square): lambda: square @ square,
        image.numel() * conv.weight[:, 0].numel(): lambda: conv(image),
    }
    return max(count / _least_seconds(work, device, turns) for count, work in works.items())


def _least_seconds(work: Callable[[], object], device: torch.device, turns: int) -> float:
    now = clock(device)
    seconds = []
    for _ in range(turns + 1):
        start = now()
        work()
        seconds.append(now() - start)
    return min(seconds[1:])
