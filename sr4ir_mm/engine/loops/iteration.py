"""Training by iterations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mmengine.dataset import InfiniteSampler
from mmengine.dist import get_rank
from mmengine.runner import IterBasedTrainLoop, Runner
from mmengine.runner.base_loop import BaseLoop
from torch import nn
from torch.utils.data import DataLoader

from sr4ir_mm.engine.loops.batches import NumberedBatches
from sr4ir_mm.engine.loops.interruption import Interruption
from sr4ir_mm.engine.loops.workers import begin_pass, end_workers, lasting_workers
from sr4ir_mm.registry import LOOPS
from sr4ir_mm.structures import Progress
from sr4ir_mm.utils.random_state import seed_generators


@LOOPS.register_module()
class IterLoop(IterBasedTrainLoop):
    """mmengine's loop by iterations that goes on without loading what it has trained on; see :class:`EpochLoop`.

    Args:
        runner: The Runner.
        dataloader: Loader or its config.
        max_iters: Length of the training.
        kwargs: mmengine's own (``val_begin``, ``val_interval``, ``dynamic_intervals``).
    """

    def __init__(
        self, runner: Runner, dataloader: DataLoader | dict, max_iters: int, **kwargs: object
    ) -> None:
        BaseLoop.__init__(self, runner, dataloader)
        loader = self.dataloader
        # The base class starts the loader's workers at the first image, before it knows where to go on.
        super().__init__(runner, _NotStarted(loader), max_iters, **kwargs)
        self.dataloader = loader
        self.interruption = Interruption()
        self.dataloader_iterator = _EndlessBatches(self, NumberedBatches(loader, runner.seed))

    def run(self) -> nn.Module:
        """Train, and end the iteration first when a signal asks to stop."""
        # A resumed run has the seed of its checkpoint, which was not known when the loop was made.
        self.dataloader_iterator.batches.set_seed(self.runner.seed)
        with self.interruption, lasting_workers(self.runner._val_loop):
            try:
                return super().run()
            finally:
                end_workers(self.dataloader, self.dataloader_iterator.iterator)

    def run_iter(self, data_batch: Sequence[dict]) -> None:
        """Train on one batch."""
        seed_generators(self.runner.seed, self._iter, get_rank())
        with Progress(self._iter, self._max_iters).during():
            super().run_iter(data_batch)


class _NotStarted:
    """Stands for a loader whose workers are not to start yet."""

    def __init__(self, loader: DataLoader) -> None:
        self.dataset = loader.dataset

    def __iter__(self) -> Iterator:
        return iter(())


class _EndlessBatches:
    """Pass after pass over a loader, from the iteration at which the training stands."""

    def __init__(self, loop: IterLoop, batches: NumberedBatches) -> None:
        self._loop = loop
        self.batches = batches
        self._position = 0
        self.iterator: Iterator | None = None
        self._passes = 0

    def __next__(self) -> Any:
        if self._position < self._loop.iter:
            # mmengine asks for the batches that a resumed run has trained on; nothing needs them.
            self._position += 1
            return None
        if self.iterator is None:
            self._passes, done = self._where(self._position)
            self._start(done)
        try:
            batch = next(self.iterator)
        except StopIteration:
            self._passes += 1
            self._start(0)
            batch = next(self.iterator)
        self._position += 1
        return batch

    def _where(self, iteration: int) -> tuple[int, int]:
        """Passes done and batches done of the current one."""
        endless = isinstance(getattr(self.batches, 'sampler', None), InfiniteSampler)
        return (0, iteration) if endless else divmod(iteration, len(self.batches))

    def _start(self, done: int) -> None:
        self.batches.start(self._position, done, epoch=self._passes)
        self.iterator = begin_pass(self._loop.dataloader)
