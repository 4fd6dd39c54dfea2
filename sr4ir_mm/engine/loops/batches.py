"""Batches that know their number, so that a training can go on at any of them."""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from multiprocessing import parent_process
from multiprocessing.queues import Queue
from typing import Any

from mmengine.dist import get_rank
from torch.utils.data import DataLoader

from sr4ir_mm.utils.random_state import seed_generators

# How long a worker outlives a signal meant for the whole process group, in seconds: the process that it works for ends
# its iteration and then ends its workers.
_GRACE = 120


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
        loader.worker_init_fn = partial(_init_worker, loader.worker_init_fn)
        # Before any loader of this run, the validation's too, starts its workers.
        Queue._on_queue_feeder_error = staticmethod(_end_worker)

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


def end_workers(loader: DataLoader, iterator: Iterator | None) -> None:
    """End the workers of a training that is over.

    Those that Python has to end as it exits get the signal that they live through, and it waits for them.

    Args:
        loader: The training's loader.
        iterator: What was taken of it last.
    """
    # Of workers that persist.
    loader._iterator = None
    if hasattr(iterator, '_shutdown_workers'):
        iterator._shutdown_workers()


def _load(dataset: Any, indices: list) -> list:
    return [dataset[index] for index in indices]


def _load_seeded(load: Callable[[list], list], seed: int, rank: int, batch: list) -> list:
    """Fetch a batch; torch's loader calls this where a data set has ``__getitems__``."""
    seed_generators(seed, 'batch', getattr(batch, 'number', 0), rank)
    return load(batch)


def _init_worker(inner: Callable[[int], None] | None, worker_id: int) -> None:
    """Let a worker live through the signal that asks the whole group of processes to stop."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _die_later)
    if inner is not None:
        inner(worker_id)


def _end_worker(error: Exception, batch: object) -> None:
    """End a worker that cannot hand a batch over, most often for want of shared memory.

    Python tells the error and drops the batch, and the training would wait for it for ever.
    """
    traceback.print_exception(error)
    if parent_process() is None:
        return
    os.kill(os.getpid(), signal.SIGBUS if 'space' in str(error) else signal.SIGKILL)


def _die_later(*unused: object) -> None:
    signal.alarm(_GRACE)
