"""Kept for configs written before phases read the progress of training themselves."""

from __future__ import annotations

from mmengine.hooks import Hook

from sr4ir_mm.registry import HOOKS


@HOOKS.register_module()
class LossStartHook(Hook):
    """Does nothing: a loss with ``begin`` starts late without any hook. Old configs name it, new ones should not."""
