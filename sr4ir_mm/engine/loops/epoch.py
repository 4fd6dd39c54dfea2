"""Training by epochs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from mmengine.dist import get_rank
from mmengine.hooks import DistSamplerSeedHook
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch import nn
from torch.utils.data import DataLoader

from sr4ir_mm.engine.loops.batches import NumberedBatches
from sr4ir_mm.engine.loops.interruption import Interruption
from sr4ir_mm.engine.loops.workers import begin_pass, end_workers, lasting_workers
from sr4ir_mm.registry import LOOPS
from sr4ir_mm.structures import Progress
from sr4ir_mm.utils.random_state import seed_generators


@LOOPS.register_module()
class EpochLoop(EpochBasedTrainLoop):
    """mmengine's loop by epochs that can stop and go on at any iteration.

    A run that was stopped within an epoch and resumed is bitwise the run that never stopped: every iteration and every
    batch have random numbers of their own, and the batches done are passed over without being loaded.

    Where the loader's workers persist, they load the first batches of the next epoch while the last iteration of this
    one and its validation run, so that no epoch begins with waiting. The batches are the same.

    Args:
        runner: The Runner.
        dataloader: Loader or its config.
        max_epochs: Length of the training.
        kwargs: mmengine's own (``val_begin``, ``val_interval``, ``dynamic_intervals``).
    """

    def __init__(
        self, runner: Runner, dataloader: DataLoader | dict, max_epochs: int, **kwargs: object
    ) -> None:
        super().__init__(runner, dataloader, max_epochs, **kwargs)
        self.interruption = Interruption()
        self._batches = NumberedBatches(self.dataloader, runner.seed)
        self._iterator: Iterator | None = None
        # Which pass the next epoch's first batches are of, if they are being loaded.
        self._begun: tuple | None = None

    def run(self) -> nn.Module:
        """Train, and end the iteration first when a signal asks to stop."""
        # A resumed run has the seed of its checkpoint, which was not known when the loop was made.
        self._batches.set_seed(self.runner.seed)
        with self.interruption, lasting_workers(self.runner._val_loop):
            try:
                return super().run()
            finally:
                end_workers(self.dataloader, self._iterator)

    def run_epoch(self) -> None:
        """Train on what is left of the epoch."""
        length = len(self.dataloader)
        done = min(max(self._iter - self._epoch * length, 0), length)
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        # An iterator whose workers persist goes on with the next epoch's batches once that is begun; any other is taken
        # to its end, where its workers end and samplers put their state in order.
        count = length - done if self.dataloader.persistent_workers else None
        left = islice(self._take_batches(done), count)
        for index, batch in enumerate(left, start=done):
            if index == length - 1:
                self._begin_next_epoch()
            self.run_iter(index, batch)
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1

    def _take_batches(self, done: int) -> Iterator:
        """What is left of this epoch, begun early or now."""
        begun, self._begun = self._begun, None
        # A hook that changes the data set drops the loader's workers, which have the old one, and what they loaded;
        # another may have gone through the loader or chosen another order.
        kept = self.dataloader._iterator is self._iterator and begun == self._batches.current_pass()
        if begun is None or not kept:
            self._batches.start(self._iter, done)
            self._iterator = begin_pass(self.dataloader)
        return self._iterator

    def _begin_next_epoch(self) -> None:
        """Let workers that persist load ahead, with the random numbers that the epoch's own beginning would give."""
        if not self.dataloader.persistent_workers or self._epoch + 1 >= self._max_epochs:
            return
        first = self._iter + 1
        seed_generators(self.runner.seed, first, get_rank())
        # What the hook will tell the sampler; without it the order is for others to say, as it is for mmengine.
        follows = any(isinstance(hook, DistSamplerSeedHook) for hook in self.runner.hooks)
        self._batches.start(first, epoch=self._epoch + 1 if follows else None)
        self._iterator = begin_pass(self.dataloader)
        self._begun = self._batches.current_pass()

    def run_iter(self, idx: int, data_batch: Sequence[dict]) -> None:
        """Train on one batch."""
        seed_generators(self.runner.seed, self._iter, get_rank())
        with Progress(self._iter, self._max_iters).during():
            super().run_iter(idx, data_batch)
