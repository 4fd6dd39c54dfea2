"""Checkpoints of a training whose validation can lack its task metrics."""

from __future__ import annotations

from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner

from sr4ir_mm.registry import HOOKS

# The names that sr4ir_mm's image metrics report under, see ImageMetric's ``prefix``.
_IMAGE_METRICS = ('sr/', 'up/')


@HOOKS.register_module()
class TaskCheckpointHook(CheckpointHook):
    """mmengine's CheckpointHook, whose best checkpoint is that of the task.

    MMDetection's metrics say nothing of a detector that found no object, as it may after the first epochs. The image
    metrics beside them are there all the same, and mmengine would then judge by the first of those, or stop the
    training for want of the one it was told. Such a validation is passed over instead. ``save_best='auto'`` means the
    first task metric; name an image metric to judge by it (``save_best='sr/psnr', rule='greater'``).
    """

    def _save_best_checkpoint(self, runner: Runner, metrics: dict) -> None:
        if not self.save_best:
            return
        if self.key_indicators == ['auto']:
            metrics = {k: v for k, v in metrics.items() if not k.startswith(_IMAGE_METRICS)}
            missing = [] if metrics else ['a task metric']
        else:
            missing = [key for key in self.key_indicators if key not in metrics]
        if missing:
            runner.logger.warning(
                f'This validation has no {", ".join(missing)}, so no best checkpoint is chosen; a detector that finds '
                'no object yet leaves none.'
            )
            return
        super()._save_best_checkpoint(runner, metrics)
