"""Stop before a diverged model overwrites a good one."""

from __future__ import annotations

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from sr4ir_mm.registry import HOOKS
from sr4ir_mm.utils.errors import UserError


@HOOKS.register_module()
class StopOnInvalidLossHook(Hook):
    """End training when a loss is not finite, before the next checkpoint is written.

    Args:
        interval: Look every so many iterations (a look waits for the device); the last iteration of an epoch and the
            one before any checkpoint are always looked at.
        skip: Leave out so many updates whose loss is not finite, in all of the training, before ending it. Every
            iteration then waits for the device. 0 leaves out none.
    """

    priority = 'VERY_HIGH'

    def __init__(self, interval: int = 50, skip: int = 0) -> None:
        self.interval = 1 if skip else interval
        self.skip = skip
        self.skipped = 0
        self._last: dict[str, torch.Tensor] = {}

    def before_train(self, runner: Runner) -> None:
        """Tell the optimizers what to do with a loss that is not finite."""
        runner.optim_wrapper.skip_invalid = self.skip > 0

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Look at the losses of this iteration."""
        # Gradient norms are infinite at every ordinary overflow of a loss scaler, which then skips the step.
        self._last = {name: value for name, value in (outputs or {}).items() if 'loss' in name}
        is_last = self.is_last_train_iter(runner) or self.end_of_epoch(
            runner.train_dataloader, batch_idx
        )
        if is_last or self.every_n_train_iters(runner, self.interval):
            self._check(runner)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Refuse to save a diverged model."""
        self._check(runner)

    def _check(self, runner: Runner) -> None:
        bad = [
            name
            for name, value in self._last.items()
            if not bool(torch.isfinite(torch.as_tensor(value)).all())
        ]
        if bad and self.skipped < self.skip:
            self.skipped += 1
            self._last = {}
            runner.logger.warning(
                f'Iteration {runner.iter + 1} is left out, {", ".join(bad)} not finite: {self.skipped} of at most '
                f'{self.skip}.'
            )
        elif bad:
            raise UserError(
                f'Training diverged at iteration {runner.iter + 1}: {", ".join(bad)} not finite; lower the '
                f'learning rate or lengthen the warm-up, and go on from the last good checkpoint in {runner.work_dir}.'
            )
