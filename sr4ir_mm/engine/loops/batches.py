"""Batches that know their number, so that a training can go on at any of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
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
        self._first = self._skip = self._passes = 0
        # torch refuses a plain assignment because iterators that run would not see it; here none does yet.
        object.__setattr__(loader, 'batch_sampler', self)
        self._dataset, self._seed = loader.dataset, seed
        self._load = getattr(loader.dataset, '__getitems__', None) or partial(_load, loader.dataset)
        self.set_seed(seed)
        prepare_workers(loader)

    def set_seed(self, seed: int) -> None:
        """Let batches, and the order of the images, follow another seed: that of a run that is resumed."""
        sampler = getattr(self.batch_sampler, 'sampler', None)
        # One with a seed of its own keeps that.
        if getattr(sampler, 'seed', None) == self._seed:
            sampler.seed = seed
        self._seed = seed
        load = partial(_load_seeded, self._load, seed, get_rank(), self._dataset)
        self._dataset.__getitems__ = load

    def start(self, iteration: int, skip: int = 0, epoch: int | None = None) -> None:
        """Set the number of the next pass's first batch, after ``skip`` that are passed over, and its epoch."""
        self._first, self._skip = iteration, skip
        sampler = getattr(self.batch_sampler, 'sampler', None)
        if epoch is not None and hasattr(sampler, 'set_epoch'):
            sampler.set_epoch(epoch)

    def current_pass(self) -> tuple:
        """What is another as soon as anyone begins another pass, or tells the sampler another epoch."""
        sampler = getattr(self.batch_sampler, 'sampler', None)
        return self._passes, getattr(sampler, 'epoch', None)

    def __iter__(self) -> Iterator[NumberedBatch]:
        self._passes += 1
        return self._number(self._first, self._skip)

    def _number(self, first: int, skip: int) -> Iterator[NumberedBatch]:
        for index, indices in enumerate(self.batch_sampler):
            if index >= skip:
                yield NumberedBatch(indices, first + index - skip)

    def __len__(self) -> int:
        return len(self.batch_sampler)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.batch_sampler, name)


def _load(dataset: Any, indices: list) -> list:
    return [dataset[index] for index in indices]


def _load_seeded(
    load: Callable[[list], list], seed: int, rank: int, dataset: Any, batch: list
) -> list:
    """Fetch a batch; torch's loader calls this where a data set has ``__getitems__``."""
    seed_generators(seed, 'batch', getattr(batch, 'number', 0), rank)
    # Looked for each time: hooks replace pipelines.
    for augmentation in seeded_apart(dataset):
        augmentation.set_random_seed(int(np.random.randint(2**31)))
    return load(batch)


def seeded_apart(part: Any) -> list:
    """Augmentations of a data set that have generators of their own, as albumentations has from version 2 on.

    Args:
        part: A data set of OpenMMLab, a wrapper of some, or a part of a pipeline.
    """
    names = ('dataset', 'datasets', 'pipeline', 'transforms', 'aug')
    found, seen, left = [], set(), [part]
    while left:
        part = left.pop()
        # A transform may hold the data set that it is of.
        if id(part) in seen:
            continue
        seen.add(id(part))
        if hasattr(part, 'set_random_seed'):
            found.append(part)
            continue
        own = getattr(part, '__dict__', {})
        inner = part if isinstance(part, (list, tuple)) else [own[n] for n in names if n in own]
        left += reversed(inner)
    return found
