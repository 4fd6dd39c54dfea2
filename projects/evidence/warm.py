"""Trainings in processes that need not import the libraries first.

A training of a small set takes a minute, of which the imports are a fifth. A server process imports once and is forked
for each training; what the training runs is ``tools/train.py`` all the same.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import sys
from collections.abc import Callable
from pathlib import Path

from sr4ir_mm.apis.runs import Launch

_MODULES = [
    'torch',
    'mmengine.runner',
    'mmdet.models',
    'mmdet.datasets',
    'mmdet.evaluation',
    'mmseg.models',
    'mmseg.datasets',
    'mmseg.evaluation',
    'mmpretrain.models',
    'mmpretrain.datasets',
    'mmpretrain.evaluation',
    'sr4ir_mm.models',
    'sr4ir_mm.engine',
    'sr4ir_mm.datasets',
    'sr4ir_mm.evaluation',
    'sr4ir_mm.visualization',
    'sr4ir_mm.utils.cli',
    'torch.utils.tensorboard',
]


class WarmLaunch(Launch):
    """Runs tools on this machine in forked processes."""

    def call(
        self, words: list[str], tool: str, log: Path, show: Callable[[str], None] | None = None
    ) -> int:
        """See :meth:`Launch.call`; nobody watches a ladder, so that ``show`` is not called."""
        # Asked through the driver's own library, "is there a GPU" starts no CUDA, which a forked process could not use.
        os.environ.setdefault('PYTORCH_NVML_BASED_CUDA_CHECK', '1')
        context = multiprocessing.get_context('forkserver')
        context.set_forkserver_preload(_MODULES)
        process = context.Process(target=_main, args=(words[1:], str(log)))
        process.start()
        process.join()
        return process.exitcode


def _main(arguments: list[str], log: str) -> None:
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.stdout, sys.stderr = (os.fdopen(os.dup(n), 'w', buffering=1) for n in (1, 2))
    sys.argv = arguments
    sys.path.insert(0, os.path.dirname(arguments[0]))
    runpy.run_path(arguments[0], run_name='__main__')
