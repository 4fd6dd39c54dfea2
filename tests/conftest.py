"""What every test starts from: fixed seeds, one thread, and none of mmengine's global state."""

import os
import random
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from sr4ir_mm.testing.state import forget_globals

SEED = 0

# The nets are tiny: threads would only wait for each other, and sums could change their order.
torch.set_num_threads(int(os.environ.get('OMP_NUM_THREADS', '1')))


@pytest.fixture(autouse=True)
def _clean_state() -> Iterator[None]:
    """Seed everything; afterwards undo what a test did to the process."""
    environment = dict(os.environ)
    deterministic = torch.are_deterministic_algorithms_enabled()
    forget_globals()
    random.seed(SEED)
    np.random.seed(SEED)
    torch.manual_seed(SEED)
    yield
    forget_globals()
    torch.use_deterministic_algorithms(deterministic)
    os.environ.clear()
    os.environ.update(environment)
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
