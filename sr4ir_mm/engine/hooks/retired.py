"""Hooks that do nothing any more, kept because configs inside older checkpoints name them."""

from __future__ import annotations

from mmengine.hooks import Hook

from sr4ir_mm.registry import HOOKS


@HOOKS.register_module()
class LossStartHook(Hook):
    """Does nothing: a loss with ``begin`` starts late without any hook."""


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Does nothing: the memory layout is ``TaskDrivenSR(channels_last=...)``."""
