"""torch.compile for the parts of the model that are plain tensor programs."""

from __future__ import annotations

import time
from collections.abc import Sequence

from mmengine.hooks import Hook
from mmengine.runner import Runner

from sr4ir_mm.registry import HOOKS
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.modules import find_module

_PARTS = ('sr_net', 'task_net.backbone', 'task_net.neck')


@HOOKS.register_module()
class CompileHook(Hook):
    """Compile the SR network and the task network's backbone and neck, in place.

    Heads stay as they are: they handle data samples, which break a graph at every step. Names of parameters do not
    change, so that checkpoints load with and without. The first iteration compiles and takes minutes; the log says how
    long it took.

    Args:
        parts: Parts of the model by name; those that it lacks are left out.
        options: Arguments of ``torch.compile``, such as ``backend`` and ``dynamic``.

    Raises:
        UserError: The model has none of the parts.
    """

    def __init__(self, parts: Sequence[str] = _PARTS, **options: object) -> None:
        self.parts = tuple(parts)
        self.options = options
        self._start: float | None = None

    def before_train(self, runner: Runner) -> None:
        """Ask for compilation, which happens when a part is first called."""
        parts = {name: find_module(runner.model, name) for name in self.parts}
        found = [name for name, module in parts.items() if module is not None]
        for name in found:
            parts[name].compile(**self.options)
        if not found:
            raise UserError(
                f'CompileHook(parts={list(self.parts)}) finds none of them in the model; name parts such as sr_net.'
            )
        runner.logger.info(f'torch.compile: {", ".join(found)}; the first iteration compiles.')

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None
    ) -> None:
        """Note when the first iteration began."""
        if self._start is None:
            self._start = time.perf_counter()

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Tell what the first iteration took."""
        if self._start:
            seconds = time.perf_counter() - self._start
            runner.logger.info(f'The first iteration, compilation included, took {seconds:.0f} s.')
            self._start = 0.0
