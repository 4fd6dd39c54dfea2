"""tcmalloc in place of the C library's allocator, for trainings on the CPU."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from sr4ir_mm.utils.errors import UserError

#: Variable of the environment: path of the library, or 'off'.
VARIABLE = 'SR4IR_TCMALLOC'
_NAMES = ('libtcmalloc_minimal.so*', 'libtcmalloc.so*')
_SYSTEM_FOLDERS = ('/usr/local/lib', '/usr/lib', '/usr/lib64')
#: Present where a driver of NVIDIA or AMD is; what a GPU's trainings gain is not known.
_ACCELERATORS = ('/dev/nvidia0', '/dev/kfd')


def serve_by_tcmalloc(tool: str) -> None:
    """Start this process again with tcmalloc, if the machine has it and trains on the CPU; results are the same.

    Each part of an iteration frees blocks of up to hundreds of MiB and asks for others. glibc gives their pages back
    and pays for new ones, or keeps blocks that the next part cannot use; tcmalloc splits and joins them, which takes
    less time and less memory (docs/performance.md). Call it before torch is imported, which would be imported twice.

    Nothing happens where another allocator is preloaded already, and where the process was not started as that tool:
    one that is forked or called from Python goes on as it is.

    Args:
        tool: Path of the script.

    Raises:
        UserError: ``SR4IR_TCMALLOC`` names no file.
    """
    preloaded = os.environ.get('LD_PRELOAD', '')
    if sys.platform != 'linux' or 'malloc' in preloaded or not _was_started_as(tool):
        return
    library = find_tcmalloc()
    if library is None:
        return
    os.environ['LD_PRELOAD'] = f'{library} {preloaded}'.strip()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def find_tcmalloc() -> Path | None:
    """The library that ``SR4IR_TCMALLOC`` names, or else the first one installed; none beside a GPU.

    Raises:
        UserError: The variable names no file.
    """
    named = os.environ.get(VARIABLE)
    if named == 'off':
        return None
    if named:
        return _existing(Path(named))
    if beside_gpu():
        return None
    return next(_installed(_folders()), None)


def beside_gpu() -> bool:
    """Whether this machine has the driver of a GPU."""
    return any(Path(device).exists() for device in _ACCELERATORS)


def tell_allocator() -> str:
    """Which allocator serves this process, for the log."""
    maps = Path('/proc/self/maps')
    loaded = maps.is_file() and 'libtcmalloc' in maps.read_text()
    return f'Memory: {"tcmalloc" if loaded else "the usual allocator"}'


def _existing(library: Path) -> Path:
    if not library.is_file():
        raise UserError(
            f"{VARIABLE}={library} is no file; name libtcmalloc_minimal.so, or 'off' for the usual allocator."
        )
    return library


def _folders() -> list[Path]:
    environments = [Path(sys.prefix), *map(Path, filter(None, [os.environ.get('CONDA_PREFIX')]))]
    system = [Path(folder) for folder in _SYSTEM_FOLDERS]
    multiarch = [path for folder in system for path in sorted(folder.glob('*-linux-gnu'))]
    return [*(path / 'lib' for path in environments), *system, *multiarch]


def _installed(folders: Iterable[Path]) -> Iterator[Path]:
    return (
        path
        for name in _NAMES
        for folder in folders
        for path in sorted(folder.glob(name))
        if path.is_file()
    )


def _was_started_as(tool: str) -> bool:
    words = sys.orig_argv[1:]
    as_module = ('-m', 'sr4ir_mm') in zip(words, words[1:], strict=False)
    return as_module or any(Path(word).resolve() == Path(tool).resolve() for word in words)
