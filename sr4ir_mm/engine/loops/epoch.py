"""Training by epochs."""

from __future__ import annotations

from collections.abc import Sequence

from mmengine.dist import get_rank
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch import nn
from torch.utils.data import DataLoader

from sr4ir_mm.engine.loops.batches import NumberedBatches
from sr4ir_mm.engine.loops.interruption import Interruption
from sr4ir_mm.registry import LOOPS
from sr4ir_mm.utils.random_state import seed_generators


@LOOPS.register_module()
class EpochLoop(EpochBasedTrainLoop):
    """mmengine's loop by epochs that can stop and go on at any iteration.

    A run that was stopped within an epoch and resumed is bitwise the run that never stopped: every iteration and every
    batch have random numbers of their own, and the batches done are passed over without being loaded.

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

    def run(self) -> nn.Module:
        """Train, and end the iteration first when a signal asks to stop."""
        with self.interruption:
            return super().run()

    def run_epoch(self) -> None:
        """Train on what is left of the epoch."""
        done = self._iter - self._epoch * len(self.dataloader)
        done = min(max(done, 0), len(self.dataloader))
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        self._batches.start(self._iter, done)
        for index, batch in enumerate(self.dataloader, start=done):
            self.run_iter(index, batch)
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1

    def run_iter(self, idx: int, data_batch: Sequence[dict]) -> None:
        """Train on one batch."""
        seed_generators(self.runner.seed, self._iter, get_rank())
        super().run_iter(idx, data_batch)
