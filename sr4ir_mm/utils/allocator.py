"""How the C library's allocator treats the memory that tensors on the CPU give back."""

from __future__ import annotations

import ctypes
import os

# Parameters of mallopt(3).
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -2, -3, -4
_MB = 2**20


def keep_freed_memory(keep: bool = True) -> bool:
    """Have glibc keep freed memory for the next tensor instead of handing it back to the system.

    By default it maps every block of more than 32 MB anew, so that each feature map costs a page fault every 4 kB: a
    tenth of an iteration. ``MALLOC_*`` variables of the environment, where set, are left to rule.

    Args:
        keep: False goes back to where glibc's own thresholds settle.

    Returns:
        Whether the C library took the settings; others than glibc do not.
    """
    if any(name.startswith('MALLOC_') for name in os.environ):
        return False
    settings = {
        _MMAP_MAX: 0 if keep else 65536,
        _MMAP_THRESHOLD: 32 * _MB,
        _TRIM_THRESHOLD: -1 if keep else 64 * _MB,
        _TOP_PAD: 64 * _MB if keep else 128 * 1024,
    }
    mallopt = getattr(ctypes.CDLL(None), 'mallopt', None)
    taken = [mallopt(name, value) for name, value in settings.items()] if mallopt else [0]
    return all(taken)
