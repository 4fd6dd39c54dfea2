"""Random states of loader workers."""

import random

import numpy as np
import torch

from sr4ir_mm.registry import FUNCTIONS


@FUNCTIONS.register_module()
def seed_worker(worker_id: int, **kwargs: object) -> None:
    """Seed a loader worker's ``random`` and numpy from torch's per-worker seed, which is new in every epoch.

    mmengine's own function gives every epoch the same numbers, hence the same augmentations, unless workers persist.
    """
    seed = torch.initial_seed() % 2**32
    random.seed(seed)
    np.random.seed(seed)
