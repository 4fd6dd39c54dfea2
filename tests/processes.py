"""Runs a function in forked processes, which have everything imported already."""

import contextlib
import multiprocessing
import os
import socket
import sys
import traceback

import torch


def start(function, *args, count=1, log=None, **environment):
    """Start ``count`` forks of this process as torchrun would; output goes to ``<log>.<rank>``."""
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    fork = multiprocessing.get_context('fork')
    started = []
    for rank in range(count):
        own = dict(RANK=rank, LOCAL_RANK=rank, WORLD_SIZE=count, LOCAL_WORLD_SIZE=count)
        own |= dict(MASTER_ADDR='127.0.0.1', MASTER_PORT=port, **environment)
        started.append(fork.Process(target=_run, args=(function, args, own, f'{log}.{rank}')))
        started[-1].start()
    return started


def run(function, *args, timeout=120, **kwargs):
    """Start, wait, and return the exit codes (negative for signals)."""
    started = start(function, *args, **kwargs)
    for process in started:
        process.join(timeout)
    try:
        assert not [process for process in started if process.is_alive()], 'still running'
    finally:
        for process in started:
            process.kill()
    return [process.exitcode for process in started]


def _run(function, args, environment, log):
    os.environ.update({key: str(value) for key, value in environment.items()})
    output = os.open(log, os.O_WRONLY | os.O_CREAT)
    os.dup2(output, 1)
    os.dup2(output, 2)
    # pytest has put its own in their place.
    sys.stdout, sys.stderr = (os.fdopen(number, 'w', buffering=1) for number in (1, 2))
    code = 0
    # A fork has none of its parent's OpenMP threads and would wait for them for ever.
    torch.set_num_threads(1)
    try:
        function(*args)
    except SystemExit as left:
        code = left.code
    except BaseException:
        traceback.print_exc()
        code = 1
    with contextlib.suppress(Exception):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)
