"""Start losses after a share of training."""

from __future__ import annotations

import math

from mmengine.hooks import Hook
from mmengine.runner import Runner

from sr4ir_mm.models.utils import unwrap
from sr4ir_mm.registry import HOOKS


@HOOKS.register_module()
class LossStartHook(Hook):
    """Keep a loss off until the share of training that its config names as ``begin`` has passed.

    The TDP loss starts after 10 % in the paper: ``tdp=dict(begin=0.1)``. The state is derived from the
    runner's progress
    at every iteration, so that a resumed run goes on exactly where it was.

    Source: methods.md 5.3, ``warmup_epoch``: 10 of 100, 3 of 30 and 20 of 200 epochs.
    """

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None
    ) -> None:
        """Switch each loss by the iterations done."""
        for phase in unwrap(runner.model).phases:
            phase.inactive = {
                name
                for name, share in phase.begins.items()
                if runner.iter < first_active_iter(share, runner.max_iters)
            }


def first_active_iter(share: float, max_iters: int) -> int:
    """First iteration, counted from 0, at which ``share`` of ``max_iters`` is done."""
    return math.ceil(share * max_iters - 1e-6)
