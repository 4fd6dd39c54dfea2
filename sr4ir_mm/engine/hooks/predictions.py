"""Leave the predictions of the last validation, or of the test, in the work dir."""

from __future__ import annotations

from pathlib import Path

from mmengine.evaluator import Evaluator
from mmengine.hooks import Hook
from mmengine.runner import Runner

from sr4ir_mm.evaluation import PredictionsFile
from sr4ir_mm.registry import HOOKS

NAME = 'predictions.npz'


@HOOKS.register_module()
class PredictionsHook(Hook):
    """Keep ``predictions.npz`` of the last validation, or of the test, in the work dir, see :class:`PredictionsFile`.

    A hook, since a metric does not know the work dir of the run that it is part of. The label that is no class is the
    one that another metric of the evaluator ignores (mmseg's ``IoUMetric``).
    """

    def before_val(self, runner: Runner) -> None:
        """Let the validation's evaluator write the file, too."""
        _add_to(runner.val_loop.evaluator, runner)

    def before_test(self, runner: Runner) -> None:
        """Let the test's evaluator write the file, too."""
        _add_to(runner.test_loop.evaluator, runner)


def _add_to(evaluator: Evaluator, runner: Runner) -> None:
    if any(isinstance(metric, PredictionsFile) for metric in evaluator.metrics):
        return
    ignored = [m.ignore_index for m in evaluator.metrics if hasattr(m, 'ignore_index')]
    path = str(Path(runner.work_dir) / NAME)
    evaluator.metrics.append(PredictionsFile(path, *ignored[:1]))
