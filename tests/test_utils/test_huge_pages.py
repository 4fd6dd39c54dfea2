"""Large tensors cost few page faults."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SETTING = Path('/sys/kernel/mm/transparent_hugepage/enabled')
CODE = """
import resource
import torch
from sr4ir_mm.utils.huge_pages import allow_huge_pages, use_huge_pages

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(2):
        torch.empty(64 << 18).fill_(1.0)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

use_huge_pages()
counts = []
for allow in (True, False):
    allow_huge_pages(allow)
    counts.append(faults())
print(*counts)
"""


@pytest.mark.skipif(
    not SETTING.is_file() or '[never]' in SETTING.read_text(), reason='needs huge pages'
)
def test_huge_pages_fault_less():
    environment = {k: v for k, v in os.environ.items() if k != 'THP_MEM_ALLOC_ENABLE'}
    command = [sys.executable, '-c', CODE]
    output = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True
    ).stdout
    huge, small = map(int, output.split())

    assert small >= 2 * (64 << 20) / 4096
    assert huge < small / 4
