"""Memory layout of the networks."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.dist import get_world_size
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor, nn

from sr4ir_mm.registry import HOOKS


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Keep the weights of convolutions, and with them feature maps, in channels-last order.

    The results are the same up to rounding. A CPU trains narrow networks 1.2 to 1.3 times as fast
    (``tools/analysis_tools/benchmark.py``, one thread), and tensor cores want this order.
    """

    def before_run(self, runner: Runner) -> None:
        """Convert the weights in place, so that optimizers keep them; not with several processes.

        Two processes in this layout did not equal one (5e-4 in weights after 8 iterations, 3e-8 in the usual one).
        """
        if get_world_size() > 1:
            return
        for module in runner.model.modules():
            if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
                module.to(memory_format=torch.channels_last)
            elif type(module).__module__.startswith('mmcv.ops'):
                module.register_forward_pre_hook(_make_contiguous)


def _make_contiguous(module: nn.Module, args: tuple) -> tuple:
    """Mmcv's operators (RoIAlign) read memory as if it were in the usual order, and say nothing if it is not."""
    return tuple(_contiguous(arg) for arg in args)


def _contiguous(value: Any) -> Any:
    return value.contiguous() if isinstance(value, Tensor) else value
