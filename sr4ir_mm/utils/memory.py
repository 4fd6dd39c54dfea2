"""Peak memory of a piece of work."""

from __future__ import annotations

import ctypes
import gc
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

MB = 2**20


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
            ctypes.CDLL(None).malloc_trim(0)
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
