"""Freed memory that is kept costs no page faults."""

import os
import platform
import subprocess
import sys

import pytest

CODE = """
import resource, sys
from sr4ir_mm.utils.allocator import keep_freed_memory
assert keep_freed_memory({keep})
for _ in range(20):
    bytearray(64 << 20)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
"""


def run(code, **environment):
    clean = {k: v for k, v in os.environ.items() if not k.startswith('MALLOC_')}
    command = [sys.executable, '-c', code]
    return subprocess.run(
        command, env={**clean, **environment}, capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.skipif(platform.libc_ver()[0] != 'glibc', reason='needs glibc')
def test_pages_are_faulted_in_once():
    kept, usual = (int(run(CODE.format(keep=keep))) for keep in (True, False))

    assert kept < 3 * (64 << 20) / 4096
    assert usual > 15 * (64 << 20) / 4096


def test_the_environment_rules():
    code = 'from sr4ir_mm.utils.allocator import keep_freed_memory; print(keep_freed_memory())'

    assert run(code, MALLOC_ARENA_MAX='2') == 'False\n'
