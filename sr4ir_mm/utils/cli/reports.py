"""The report of user errors: one sentence and exit code 2."""

from __future__ import annotations

import atexit
import errno
import os
import re
import sys
from collections.abc import Callable
from traceback import walk_tb

from mmengine.registry import build_from_cfg

from sr4ir_mm.utils.errors import UserError

EXIT_USER_ERROR = 2

# What gloo and nccl say in a process whose partner is gone.
_LOST_PROCESS = re.compile(
    r'Connection (closed|reset) by peer|[Bb]roken pipe|(NCCL|Gloo).*(remote|timed? ?out)|gloo.*Timed out',
    re.DOTALL,
)

_NOT_ALLOWED = (
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.EEXIST,
    errno.ENOTDIR,
    errno.EISDIR,
)
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_SHARED_MEMORY = re.compile(
    r'out of shared memory|unable to (allocate shared memory|mmap|write to file </torch_)|Bus error'
)

_MORE_SHARED_MEMORY = (
    'give /dev/shm more (docker run --shm-size), or lower num_workers, 0 of which needs none, and go on with '
    '--resume.'
)


def run(main: Callable[[], None]) -> None:
    """Run a tool's ``main`` and turn a user error into one sentence and exit code 2.

    Besides :class:`UserError`, mmengine's own errors about a type that is not registered and an
    argument that a registered class does not take count as user errors. ``SR4IR_DEBUG=1`` lets the
    traceback through.

    Args:
        main: The tool, without arguments.

    Raises:
        SystemExit: With code 2 after a user error.
    """
    try:
        main()
    except Exception as error:
        sentence = user_sentence(error)
        if sentence is None or os.getenv('SR4IR_DEBUG') == '1':
            raise
        _tell(sentence)
        raise SystemExit(EXIT_USER_ERROR) from None
    leave_gloo()


def _tell(sentence: str) -> None:
    """Print an error, once for what all processes of a distributed run meet alike.

    Before they join, they read the same files; after it one may meet an error of its own, a broken image for one.
    """
    if os.getenv('LOCAL_RANK', '0') == '0':
        print(f'error: {sentence}', file=sys.stderr, flush=True)
    elif _is_joined():
        number = os.getenv('RANK', os.environ['LOCAL_RANK'])
        print(f'error in process {number}: {sentence}', file=sys.stderr, flush=True)


def _is_joined() -> bool:
    torch = sys.modules.get('torch')
    if torch is None or not torch.distributed.is_available():
        return False
    return torch.distributed.is_initialized()


def leave_gloo() -> None:
    """End a process that shares a gloo group, all processes together.

    Gloo's threads abort the interpreter on its own way out now and then ("terminate called without an active
    exception"), and torchrun then calls a finished run failed.
    """
    torch = sys.modules.get('torch')
    if not _is_joined() or torch.distributed.get_backend() != 'gloo':
        return
    torch.distributed.barrier()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def user_sentence(error: Exception) -> str | None:
    """Return the one sentence for an error that is the user's to solve; None for any other."""
    if isinstance(error, UserError):
        # A worker process of a data loader hands its error over as text, traceback included.
        return ' '.join(str(error).split(f'{UserError.__qualname__}: ')[-1].split())
    text = str(error.args[0]) if error.args else ''
    unknown_type = re.match(r'(\S+) is not in the (\S+?)::([\w ]+) registry', text)
    if isinstance(error, KeyError) and unknown_type:
        name, scope, registry = unknown_type.groups()
        return (
            f'type={name!r} in the config is no registered {registry} (looked up from scope '
            f'{scope!r}); check the spelling, put its library before it as in '
            "'mmdet.FasterRCNN', or import its module with custom_imports."
        )
    wrong_argument = re.search(
        r"(\w+)\.__init__\(\) got an unexpected keyword argument '(.+)'", text
    )
    if isinstance(error, TypeError) and wrong_argument:
        owner, argument = wrong_argument.groups()
        if not _given_by_config(argument, error):
            return None
        return (
            f'{owner} takes no argument {argument!r}; remove it from the config or correct its '
            'spelling.'
        )
    if isinstance(error, OSError) and error.errno == errno.ENOSPC and error.filename is None:
        return f'there is no space to write a file, or none in shared memory: {_MORE_SHARED_MEMORY}'
    if isinstance(error, OSError) and error.errno in _NO_SPACE:
        return (
            f'there is no space to write {error.filename or "a file"} ({error.strerror}); the checkpoints that are '
            'there are whole, so free some space and go on with --resume.'
        )
    if isinstance(error, OSError) and error.errno in _NOT_ALLOWED and error.filename is not None:
        return (
            f'{error.filename2 or error.filename} cannot be used ({error.strerror}); give another path, or correct its '
            'rights.'
        )
    if isinstance(error, RuntimeError) and (sentence := _loader_sentence(error)):
        return sentence
    if lost_process(error):
        return (
            'another process of this training has ended, so this one ends too; its own last message says why, and '
            '--resume goes on from the last checkpoint.'
        )
    return None


def _loader_sentence(error: RuntimeError) -> str | None:
    # Where the signal came while torch waited for a batch, its error only says "exited", and the one before it why.
    text = f'{error} {error.__cause__}'
    if _NO_SHARED_MEMORY.search(text):
        return (
            f'the processes that load images have no space in shared memory: {_MORE_SHARED_MEMORY}'
        )
    if 'DataLoader worker' in text and 'Killed' in text:
        return (
            'a process that loads images was killed, most often for want of memory; lower num_workers or the batch '
            'size and go on with --resume.'
        )
    return None


def lost_process(error: Exception) -> bool:
    """Whether an exchange between processes failed because one of them is gone."""
    return isinstance(error, RuntimeError) and bool(_LOST_PROCESS.search(str(error)))


def _given_by_config(argument: str, error: Exception) -> bool:
    """Whether the innermost build from a config on the way to an error was handed this argument."""
    builds = [
        frame.f_locals
        for frame, _ in walk_tb(error.__traceback__)
        if frame.f_code is build_from_cfg.__code__
    ]
    return bool(builds) and argument in builds[-1].get('args', {})
