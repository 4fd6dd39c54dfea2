"""Huge pages for large tensors on the CPU."""

from __future__ import annotations

import ctypes
import os

_PR_SET_THP_DISABLE = 41


def use_huge_pages() -> None:
    """Have torch ask Linux for huge pages for tensors of 2 MB and more, before the first of them is made.

    The C library maps every large tensor anew, and each 4 kB of it then costs a page fault: a tenth of an iteration. A
    huge page costs one fault for 2 MB. Where the kernel has none it changes nothing, and a value that the environment
    already has for ``THP_MEM_ALLOC_ENABLE`` stays.
    """
    os.environ.setdefault('THP_MEM_ALLOC_ENABLE', '1')


def allow_huge_pages(allow: bool) -> None:
    """Give this process huge pages, where asked for, or not; for comparisons within one process (Linux)."""
    prctl = getattr(ctypes.CDLL(None), 'prctl', None)
    if prctl is not None:
        prctl(_PR_SET_THP_DISABLE, int(not allow), 0, 0, 0)
