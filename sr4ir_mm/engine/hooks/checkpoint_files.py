"""Checkpoint files that are whole or not there."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend

from sr4ir_mm.utils.safe_loading import load_local

BACKEND = 'sr4ir_mm.atomic'


class AtomicLocalBackend(LocalBackend):
    """Local files, written beside their place and renamed: a kill leaves the old file or the new one, whole."""

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write bytes; the folder is made if need be."""
        path = Path(filepath)
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f'.{path.name}.part')
        try:
            with open(beside, 'wb') as file:
                file.write(obj)
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, path)
        except OSError as error:
            # A write has no name of its own to tell.
            error.filename = error.filename or str(path)
            raise
        finally:
            beside.unlink(missing_ok=True)

    def put_text(self, obj: str, filepath: str | Path, encoding: str = 'utf-8') -> None:
        """Write text."""
        self.put(obj.encode(encoding), filepath)


register_backend(BACKEND, AtomicLocalBackend, force=True)


def find_readable_checkpoint(work_dir: str | Path) -> tuple[Path | None, list[Path]]:
    """The newest checkpoint of a run that can be read, and the newer ones that cannot.

    Args:
        work_dir: Folder of the run. What ``last_checkpoint`` names there comes first, then by time.
    """
    folder = Path(work_dir)
    found = [path for kind in ('epoch', 'iter') for path in folder.glob(f'{kind}_*.pth')]
    found.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    last = folder / 'last_checkpoint'
    if last.is_file():
        named = Path(last.read_text().strip())
        # A folder that was moved holds it under the same name.
        named = folder / named.name if (folder / named.name).is_file() else named
        found = [named, *(path for path in found if path.resolve() != named.resolve())]
    unreadable = []
    for path in found:
        if is_readable(path):
            return path, unreadable
        unreadable.append(path)
    return None, unreadable


def is_readable(path: Path) -> bool:
    """Whether every byte of a checkpoint is as it was written."""
    try:
        if not zipfile.is_zipfile(path):
            # torch's format of before 1.6, or no checkpoint at all.
            load_local(str(path), 'cpu')
            return True
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except Exception:
        # Whatever a damaged file makes a reader raise.
        return False
