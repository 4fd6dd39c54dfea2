"""Batches that know their number, so that a training can go on at any of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain, pairwise
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
        self._first = self._skip = 0
        # torch refuses a plain assignment because iterators that run would not see it; here none does yet.
        object.__setattr__(loader, 'batch_sampler', self)
        self._dataset, self._seed = loader.dataset, seed
        self._load = getattr(loader.dataset, '__getitems__', None) or partial(_load, loader.dataset)
        self._seeded_apart = seeded_apart(loader.dataset)
        self.set_seed(seed)
        prepare_workers(loader)

    def set_seed(self, seed: int) -> None:
        """Let batches, and the order of the images, follow another seed: that of a run that is resumed."""
        sampler = getattr(self.batch_sampler, 'sampler', None)
        # One with a seed of its own keeps that.
        if getattr(sampler, 'seed', None) == self._seed:
            sampler.seed = seed
        self._seed = seed
        load = partial(_load_seeded, self._load, seed, get_rank(), self._seeded_apart)
        self._dataset.__getitems__ = load

    def start(self, iteration: int, skip: int = 0, epoch: int | None = None) -> None:
        """Set the number of the next pass's first batch, after ``skip`` that are passed over, and its epoch."""
        self._first, self._skip = iteration, skip
        sampler = getattr(self.batch_sampler, 'sampler', None)
        if epoch is not None and hasattr(sampler, 'set_epoch'):
            sampler.set_epoch(epoch)

    def __iter__(self) -> Iterator[NumberedBatch]:
        first, skip = self._first, self._skip
        # The sampler ends its pass before the last batch is handed out, after which nobody may ask it again: mmdet's
        # AspectRatioBatchSampler would begin the next epoch with that batch.
        batches = pairwise(chain(map(list, self.batch_sampler), [[]]))
        for index, (indices, _) in enumerate(batches):
            if index >= skip:
                yield NumberedBatch(indices, first + index - skip)

    def __len__(self) -> int:
        return len(self.batch_sampler)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.batch_sampler, name)


def _load(dataset: Any, indices: list) -> list:
    return [dataset[index] for index in indices]


def _load_seeded(
    load: Callable[[list], list], seed: int, rank: int, seeded_apart: Sequence, batch: list
) -> list:
    """Fetch a batch; torch's loader calls this where a data set has ``__getitems__``."""
    seed_generators(seed, 'batch', getattr(batch, 'number', 0), rank)
    for augmentation in seeded_apart:
        augmentation.set_random_seed(int(np.random.randint(2**31)))
    return load(batch)


def seeded_apart(part: Any) -> list:
    """Augmentations of a data set that have generators of their own, as albumentations has from version 2 on.

    Args:
        part: A data set of OpenMMLab, a wrapper of some, or a part of a pipeline.
    """
    if hasattr(part, 'set_random_seed'):
        return [part]
    names = ('dataset', 'datasets', 'pipeline', 'transforms', 'aug')
    own = getattr(part, '__dict__', {})
    inner = (
        part if isinstance(part, (list, tuple)) else [own[name] for name in names if name in own]
    )
    return [found for child in inner for found in seeded_apart(child)]
