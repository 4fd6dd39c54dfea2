"""Peak memory, and an allocator that gives it back."""

import ctypes
import subprocess
import sys

import pytest

from sr4ir_mm.utils import memory
from sr4ir_mm.utils.errors import UserError

#: Resident MiB that stay when every second of many tensors of 8 MiB is freed, those between them alive.
FREED = """
import sys
from sr4ir_mm.utils import cli
from sr4ir_mm.utils.memory import MB, give_back_large_tensors, resident

assert 'torch' not in sys.modules
if sys.argv[1] == 'low':
    give_back_large_tensors()
import torch

before = resident('VmRSS')
# A freed block of 32 MiB is what makes glibc keep blocks of up to that size.
torch.ones(32 * MB // 4 - 4096)
tensors = [torch.ones(2 * MB) for _ in range(32)]
del tensors[::2]
print((resident('VmRSS') - before) / MB)
"""


def kept(mode):
    run = subprocess.run(
        [sys.executable, '-c', FREED, mode], capture_output=True, text=True, check=True
    )
    return float(run.stdout)


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), 'mallopt'), reason='not glibc')
def test_freed_tensors_give_their_memory_back():
    assert kept('low') < 160
    assert kept('usual') > 200


def test_another_allocator_is_told(monkeypatch):
    monkeypatch.setattr(memory.ctypes, 'CDLL', lambda name: object())
    with pytest.raises(UserError, match='--low-memory sets glibc'):
        memory.give_back_large_tensors()
