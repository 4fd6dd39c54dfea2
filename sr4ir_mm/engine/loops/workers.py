"""What a training's loader workers do beside loading: hand batches over quickly, and end when they should."""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing import parent_process
from multiprocessing.queues import Queue
from multiprocessing.reduction import ForkingPickler
from typing import Any

import torch
from torch.multiprocessing.reductions import reduce_tensor
from torch.utils.data import DataLoader

try:
    from fcntl import F_SETPIPE_SZ, fcntl
except ImportError:  # Not Linux.
    fcntl = None

# How long a worker outlives a signal meant for the whole process group, in seconds: the process that it works for ends
# its iteration and then ends its workers.
_GRACE = 120
# Linux lets every user make a pipe as large as this; by default it holds 64 KiB. Bytes.
_PIPE_SIZE = 2**20
# Of a tensor that is handed over through the pipe, in bytes: four of them fit.
_LARGEST_BY_VALUE = _PIPE_SIZE // 4


def prepare_workers(loader: DataLoader) -> None:
    """Make the workers that a loader will start hand over and end as a training needs it.

    Args:
        loader: Loader of a training that has not begun; changed in place.
    """
    loader.worker_init_fn = partial(_init_worker, loader.worker_init_fn)
    # Before any loader of this run, the validation's too, starts its workers.
    Queue._on_queue_feeder_error = staticmethod(_end_worker)


def begin_pass(loader: DataLoader) -> Iterator:
    """Iterate over a loader; its workers, if it has any, need not wait for a batch to be read out of the pipe.

    Args:
        loader: What :func:`prepare_workers` prepared.
    """
    iterator = iter(loader)
    queue = getattr(iterator, '_worker_result_queue', None)
    if queue is not None and fcntl is not None:
        _widen(queue._writer.fileno())
    return iterator


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


@contextmanager
def lasting_workers(loop: Any) -> Iterator[None]:
    """Let the workers of another loop, the validation's, live through signals while a training runs, and end them then.

    Args:
        loop: With its loader; None or one that is not built yet will do.
    """
    loader = getattr(loop, 'dataloader', None)
    if not isinstance(loader, DataLoader):
        yield
        return
    prepare_workers(loader)
    try:
        yield
    finally:
        end_workers(loader, loader._iterator)


def _widen(pipe: int) -> None:
    try:
        fcntl(pipe, F_SETPIPE_SZ, _PIPE_SIZE)
    except OSError:
        # The user has as many pipes as the system grants; batches then go through in pieces.
        return


def _init_worker(inner: Callable[[int], None] | None, worker_id: int) -> None:
    """Let a worker live through the signal that asks the whole group of processes to stop."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _die_later)
    ForkingPickler.register(torch.Tensor, _reduce)
    if inner is not None:
        inner(worker_id)


def _reduce(tensor: torch.Tensor) -> tuple[Callable, tuple]:
    """Hand a small tensor over by its value.

    torch's way, shared memory whose descriptor is asked for on a socket, takes the training's process a millisecond a
    tensor where the cores are busy.
    """
    # Of a conjugate or negative view the bytes are not the values.
    tensor = tensor.resolve_conj().resolve_neg()
    size = tensor.numel() * tensor.element_size()
    plain = (
        tensor.layout is torch.strided and tensor.device.type == 'cpu' and not tensor.is_quantized
    )
    if not plain or tensor.requires_grad or not tensor.is_contiguous() or size > _LARGEST_BY_VALUE:
        return reduce_tensor(tensor)
    # A dimension of one value may have any stride, which a view as bytes refuses.
    flat = tensor.as_strided((tensor.numel(),), (1,))
    values = bytearray(flat.view(torch.uint8).numpy())
    return _rebuild, (values, tensor.dtype, tensor.shape)


def _rebuild(values: bytearray, dtype: torch.dtype, shape: torch.Size) -> torch.Tensor:
    if not values:
        return torch.empty(shape, dtype=dtype)
    return torch.frombuffer(values, dtype=dtype).view(shape)


def _end_worker(error: Exception, batch: Any) -> None:
    """End a worker that cannot hand a batch over, most often for want of shared memory.

    Python tells the error and drops the batch, and the training would wait for it for ever.
    """
    traceback.print_exception(error)
    if parent_process() is None:
        return
    os.kill(os.getpid(), signal.SIGBUS if 'space' in str(error) else signal.SIGKILL)


def _die_later(*unused: object) -> None:
    signal.alarm(_GRACE)
