"""Peak memory of a piece of work."""

from __future__ import annotations

import ctypes
import gc
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from sr4ir_mm.utils.errors import UserError

if TYPE_CHECKING:
    import torch

MB = 2**20
#: glibc's name of the size from which a block gets pages of its own, which are given back when it is freed.
M_MMAP_THRESHOLD = -3
OWN_PAGES_FROM = 2 * MB


def give_back_large_tensors() -> None:
    """Let tensors of 2 MiB and more give their memory back as soon as they are freed; on the CPU.

    By default glibc keeps blocks of up to 32 MiB for later, and between the parts of an iteration holds more than the
    tensors that are alive. Huge pages keep the cost of asking for pages anew low. Call it before torch makes its
    first tensor, which settles the latter.

    Raises:
        UserError: The C library cannot be told so.
    """
    mallopt = getattr(ctypes.CDLL(None), 'mallopt', None)
    if mallopt is None or not mallopt(M_MMAP_THRESHOLD, OWN_PAGES_FROM):
        raise UserError(
            "--low-memory sets glibc's allocator, which this machine does not use; leave the option out."
        )
    os.environ['THP_MEM_ALLOC_ENABLE'] = '1'


def give_back_free_memory() -> None:
    """Have the allocator, glibc's or tcmalloc, give back what it keeps for later."""
    process = ctypes.CDLL(None)
    release = getattr(process, 'MallocExtension_ReleaseFreeMemory', None)
    process.malloc_trim(0) if release is None else release()


class PeakMemory:
    """Peak memory of what runs inside, in MiB above what was held before.

    On the CPU it is the process's resident memory, after the allocator gave back what it kept.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.megabytes = float('nan')
        self._before = 0.0

    def __enter__(self) -> PeakMemory:
        gc.collect()
        if self.device.type == 'cuda':
            import torch

            torch.cuda.reset_peak_memory_stats(self.device)
            self._before = torch.cuda.memory_allocated(self.device)
        else:
            give_back_free_memory()
            Path('/proc/self/clear_refs').write_text('5')
            self._before = resident('VmRSS')
        return self

    def __exit__(self, *exc: object) -> None:
        if self.device.type == 'cuda':
            import torch

            peak = torch.cuda.max_memory_allocated(self.device)
        else:
            peak = resident('VmHWM')
        self.megabytes = (peak - self._before) / MB


def resident(name: str) -> float:
    """Bytes of a field of this process's status."""
    status = Path('/proc/self/status').read_text()
    return 1024 * float(re.search(rf'{name}:\s+(\d+) kB', status)[1])
