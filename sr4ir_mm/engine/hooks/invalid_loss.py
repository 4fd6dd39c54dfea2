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
        skip: Leave out so many updates whose loss is not finite, in all of the training, before ending it; what such a
            pass did to batch norms' statistics is undone. Every iteration then waits for the device. 0 leaves out none.
    """

    priority = 'VERY_HIGH'

    def __init__(self, interval: int = 50, skip: int = 0) -> None:
        self.interval = 1 if skip else interval
        self.skip = skip
        self.skipped = 0
        self._last: dict[str, torch.Tensor] = {}
        self._kept: list[tuple[torch.Tensor, torch.Tensor]] = []

    def before_train(self, runner: Runner) -> None:
        """Tell the optimizers what to do with a loss that is not finite."""
        runner.optim_wrapper.put_back = self._put_back if self.skip else None

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None
    ) -> None:
        """Keep what a pass that overflows would spoil."""
        if self.skip:
            buffers = [b for b in runner.model.buffers() if b.is_floating_point()]
            self._kept = [(buffer, buffer.clone()) for buffer in buffers]

    @torch.no_grad()
    def _put_back(self) -> None:
        for buffer, value in self._kept:
            buffer.copy_(value)

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
        spoiled = [name for name, value in checkpoint['state_dict'].items() if _has_nan(value)]
        if spoiled:
            raise UserError(
                f'Training diverged before iteration {runner.iter + 1}: {len(spoiled)} tensors of the model, such as '
                f'{spoiled[0]}, are not numbers; lower the learning rate or lengthen the warm-up, and go on from the '
                f'last good checkpoint in {runner.work_dir}.'
            )

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


def _has_nan(value: torch.Tensor) -> bool:
    """Infinite values are no sign of a fault: masks hold such."""
    return value.is_floating_point() and bool(value.isnan().any())
