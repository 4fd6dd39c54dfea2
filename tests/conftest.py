"""What every test starts from: fixed seeds, one thread, and none of mmengine's global state."""

import os
import random
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from mmengine.utils import ManagerMixin

SEED = 0

# The nets are tiny: threads would only wait for each other, and sums could change their order.
torch.set_num_threads(int(os.environ.get('OMP_NUM_THREADS', '1')))


def _managers() -> Iterator[type[ManagerMixin]]:
    """Yield every class whose instances are global: DefaultScope, MessageHub, MMLogger, ..."""
    waiting = [ManagerMixin]
    while waiting:
        manager = waiting.pop()
        waiting += manager.__subclasses__()
        yield manager


def _forget_globals() -> None:
    for manager in _managers():
        for instance in list(manager._instance_dict.values()):
            # Loggers and visualizers hold files open, in folders that are gone after the test.
            for handler in list(getattr(instance, 'handlers', [])):
                handler.close()
        manager._instance_dict.clear()


@pytest.fixture(autouse=True)
def _clean_state() -> Iterator[None]:
    """Seed everything; afterwards undo what a test did to the process."""
    environment = dict(os.environ)
    deterministic = torch.are_deterministic_algorithms_enabled()
    _forget_globals()
    random.seed(SEED)
    np.random.seed(SEED)
    torch.manual_seed(SEED)
    yield
    _forget_globals()
    torch.use_deterministic_algorithms(deterministic)
    os.environ.clear()
    os.environ.update(environment)
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
