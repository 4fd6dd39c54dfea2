"""Less memory for activations, for more time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn
from torch.utils.checkpoint import checkpoint

from sr4ir_mm.registry import HOOKS
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.modules import find_module, set_modes


@HOOKS.register_module()
class ActivationCheckpointHook(Hook):
    """Recompute the blocks of a network in the backward pass instead of keeping their activations.

    mmengine's ``activation_checkpointing`` finds no block of a network in its distributed wrapper, and loses the
    gradients of a block whose input needs none.

    Args:
        blocks: Lists of blocks, by name from the model: ``['sr_net.body']`` for EDSR, ``['sr_net.layers']`` for SwinIR.

    Raises:
        UserError: A name that is no list of blocks.
    """

    def __init__(self, blocks: Sequence[str]) -> None:
        self.blocks = tuple(blocks)

    def before_train(self, runner: Runner) -> None:
        """Wrap the blocks."""
        for name in self.blocks:
            for block in _find(runner.model, name):
                if not isinstance(block.forward, partial):
                    block.forward = partial(_recomputed, block, block.forward)


def _recomputed(block: nn.Module, forward: Callable, *args: Any, **kwargs: Any) -> Any:
    if not torch.is_grad_enabled():
        return forward(*args, **kwargs)
    modes = {module: module.training for module in block.modules()}

    def run(*args: Any, **kwargs: Any) -> Any:
        # A phase may have lent the block in eval mode and taken it back before the backward pass.
        # Some networks make parts of themselves in their first forward pass.
        with set_modes(block, lambda module: modes.get(module, module.training)):
            return forward(*args, **kwargs)

    return checkpoint(run, *args, use_reentrant=False, **kwargs)


def _find(model: nn.Module, name: str) -> list[nn.Module]:
    module = find_module(model, name)
    if not isinstance(module, (nn.Sequential, nn.ModuleList)):
        raise UserError(
            f'ActivationCheckpointHook(blocks=[{name!r}]) names no list of blocks of the model; EDSR has them in '
            "'sr_net.body', SwinIR in 'sr_net.layers'."
        )
    return list(module)
