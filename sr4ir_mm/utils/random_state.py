"""Random states that depend on where a training is, not on how it came there."""

from __future__ import annotations

import random
import zlib

import numpy as np
import torch


def seed_generators(*where: object) -> None:
    """Seed ``random``, numpy and torch (all devices) from the words that name a place in a training.

    Args:
        where: For example the run's seed, the iteration and the rank.
    """
    # A hash, since neighbouring seeds would repeat each other's streams on neighbouring ranks.
    seed = zlib.crc32('-'.join(map(str, where)).encode())
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
