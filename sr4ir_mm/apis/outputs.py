"""Folders and pictures that tools write: whether they can be written is known before the work, and told after it."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from pathlib import Path

import numpy as np

from sr4ir_mm.utils.cli import check_work_dir_is_writable
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.images import free_stem, write_image

#: As :class:`sr4ir_mm.apis.inputs.Images` names frames of videos; a folder's name may hold a '#' of its own.
_FRAME = re.compile(r'(.*?)(?:#(\d{6,}))?', re.DOTALL)


def check_folder(folder: str | Path, option: str) -> None:
    """Make a folder, and check that files can be made in it, before the work whose results go there.

    Args:
        folder: The folder.
        option: Names it on the command line.

    Raises:
        UserError: Nothing can be written there.
    """
    try:
        check_work_dir_is_writable(str(folder))
    except UserError as error:
        # The check is that of trainings, whose option has another name.
        reason = getattr(error.__cause__, 'strerror', None) or error
        raise UserError(
            f'nothing can be written in {folder} ({reason}); give another place with {option}, or correct its rights.'
        ) from error


def write_picture(path: Path, picture_rgb: np.ndarray) -> None:
    """Write an (H, W, 3) uint8 RGB picture or an (H, W) map; see :func:`write_image`."""
    write_image(path, picture_rgb[..., ::-1] if picture_rgb.ndim == 3 else picture_rgb)


def picture_stem(
    name: str, inputs: Iterable[str | Path | np.ndarray], taken: Container[str]
) -> str:
    """File name without suffix for the picture of an image, unlike that of any other.

    Args:
        name: File of the image, or 'file#frame' of a video.
        inputs: What the user named: folders between one of them and the image are part of its name.
        taken: Names of the pictures so far.
    """
    path, frame = _FRAME.fullmatch(name).groups()
    parts = _below(Path(path), inputs).with_suffix('').parts
    plain = '_'.join([*parts, *([frame] if frame else [])])
    return free_stem(plain, taken)


def _below(path: Path, inputs: Iterable[str | Path | np.ndarray]) -> Path:
    for item in inputs:
        if isinstance(item, (str, Path)) and Path(item).is_dir() and path.is_relative_to(item):
            return path.relative_to(item)
    return Path(path.name)
