"""cuDNN's choice of algorithms."""

from __future__ import annotations

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from sr4ir_mm.registry import HOOKS


@HOOKS.register_module()
class CudnnBenchmarkHook(Hook):
    """Let cuDNN try its algorithms in training while all images have one size, as crops have.

    Each new size costs a new trial: from the second size on, and in evaluation, where sizes differ, it is off. With
    ``randomness=dict(deterministic=True)`` it stays off.
    """

    def __init__(self) -> None:
        self._sizes: set[tuple[int, ...]] = set()

    def before_train_epoch(self, runner: Runner) -> None:
        """Switch it on for the epoch."""
        self._switch(len(self._sizes) <= 1)

    before_train = before_train_epoch

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Look at the sizes of a batch."""
        if len(self._sizes) > 1 or data_batch is None:
            return
        self._sizes |= {tuple(image.shape[-2:]) for image in data_batch.get('inputs', [])}
        if len(self._sizes) > 1:
            self._switch(False)

    def before_val_epoch(self, runner: Runner) -> None:
        """Switch it off for the evaluation."""
        self._switch(False)

    def after_val_epoch(self, runner: Runner, metrics: dict | None = None) -> None:
        """Switch it on again for loops that count iterations."""
        self._switch(len(self._sizes) == 1)

    @staticmethod
    def _switch(on: bool) -> None:
        torch.backends.cudnn.benchmark = on and not torch.backends.cudnn.deterministic
