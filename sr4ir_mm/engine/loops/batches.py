"""Batches that know their number, so that a training can go on at any of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from mmengine.dist import get_rank
from torch.utils.data import DataLoader

from sr4ir_mm.engine.loops.workers import prepare_workers
from sr4ir_mm.utils.random_state import seed_generators


class NumberedBatch(list):
    """Indices of one batch and the iteration that trains on it."""

    def __init__(self, indices: list, number: int) -> None:
        super().__init__(indices)
        self.number = number


class NumberedBatches:
    """A batch sampler that numbers its batches and can pass over the first ones without loading them.

    Installed in a loader, it also makes the random numbers of each batch (augmentations) depend on the run's seed, the
    batch's number and the rank alone: the state of a worker never has to be saved, and the number of workers does not
    change the images.

    Args:
        loader: Loader of a map-style data set; changed in place.
        seed: The run's seed.
    """

    def __init__(self, loader: DataLoader, seed: int) -> None:
        self.batch_sampler = loader.batch_sampler
        self._first = self._skip = 0
        # torch refuses a plain assignment because iterators that run would not see it; here none does yet.
        object.__setattr__(loader, 'batch_sampler', self)
        load = getattr(loader.dataset, '__getitems__', None) or partial(_load, loader.dataset)
        loader.dataset.__getitems__ = partial(_load_seeded, load, seed, get_rank())
        prepare_workers(loader)

    def start(self, iteration: int, skip: int = 0, epoch: int | None = None) -> None:
        """Set the number of the next pass's first batch, after ``skip`` that are passed over, and its epoch."""
        self._first, self._skip = iteration, skip
        sampler = getattr(self.batch_sampler, 'sampler', None)
        if epoch is not None and hasattr(sampler, 'set_epoch'):
            sampler.set_epoch(epoch)

    def __iter__(self) -> Iterator[NumberedBatch]:
        first, skip = self._first, self._skip
        for index, indices in enumerate(self.batch_sampler):
            if index >= skip:
                yield NumberedBatch(indices, first + index - skip)

    def __len__(self) -> int:
        return len(self.batch_sampler)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.batch_sampler, name)


def _load(dataset: Any, indices: list) -> list:
    return [dataset[index] for index in indices]


def _load_seeded(load: Callable[[list], list], seed: int, rank: int, batch: list) -> list:
    """Fetch a batch; torch's loader calls this where a data set has ``__getitems__``."""
    seed_generators(seed, 'batch', getattr(batch, 'number', 0), rank)
    return load(batch)
