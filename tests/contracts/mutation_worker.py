"""Runs one test after the other, each in a fork that has the big libraries imported but not the package.

Reads lines ``FOLDER TEST`` and answers each with pytest's exit code; output goes to ``FOLDER/pytest.log``.
"""

import importlib
import os
import sys

import pytest

for library in ('mmdet.models', 'mmpretrain.models', 'mmseg.models'):
    importlib.import_module(library)
assert not [name for name in sys.modules if name.startswith('sr4ir_mm')]


def run(folder, test):
    os.chdir(folder)
    sys.path.insert(0, folder)
    os.environ['PYTHONPATH'] = folder
    log = os.open('pytest.log', os.O_WRONLY | os.O_CREAT)
    os.dup2(log, 1)
    os.dup2(log, 2)
    return pytest.main(['-q', '-x', '-p', 'no:cacheprovider', test])


for line in sys.stdin:
    folder, test = line.split(maxsplit=1)
    child = os.fork()
    if child == 0:
        os._exit(run(folder, test.strip()))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
