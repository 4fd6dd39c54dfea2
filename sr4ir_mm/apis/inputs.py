"""Images from whatever a user names: files, folders, patterns, videos, arrays."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from mmcv import VideoReader
from PIL import Image, UnidentifiedImageError

from sr4ir_mm.datasets.transforms.loading import read_bgr
from sr4ir_mm.utils.errors import UserError

IMAGE_SUFFIXES = set('.png .jpg .jpeg .bmp .tif .tiff .webp .ppm .pgm .gif'.split())
VIDEO_SUFFIXES = set('.mp4 .avi .mov .mkv .webm .m4v'.split())

#: One image, or what names images.
Input = str | Path | np.ndarray


@dataclass(frozen=True)
class Loaded:
    """One image, or why it is none.

    Attributes:
        name: File, 'file#frame' of a video, or 'array N'.
        image: (H, W, 3) uint8 BGR, None if it could not be loaded.
        error: One sentence, None if it was loaded.
    """

    name: str
    image: np.ndarray | None = None
    error: str | None = None


class Images:
    """The images that a user names, loaded one after another.

    Args:
        inputs: A file, folder, pattern, video or (H, W, 3) or (H, W) uint8 BGR array, or a sequence of such.

    Raises:
        UserError: A folder or a pattern has no image, or an input is of no known kind.
    """

    def __init__(self, inputs: Input | Sequence[Input]) -> None:
        self._items = expand(inputs)
        self._frames = {
            str(item): len(VideoReader(str(item)))
            for item in self._items
            if _is_readable_video(item)
        }

    def __len__(self) -> int:
        """Number of images, frames of videos as their headers tell it."""
        return sum(
            self._frames.get(str(item), 1) if not isinstance(item, np.ndarray) else 1
            for item in self._items
        )

    def __iter__(self) -> Iterator[Loaded]:
        for index, item in enumerate(self._items):
            if isinstance(item, np.ndarray):
                yield _load(f'array {index}', lambda image=item: check_array(image))
            elif str(item) in self._frames:
                yield from _video_frames(str(item), self._frames[str(item)])
            else:
                yield _load(str(item), lambda path=item: read_image(Path(path)))


def expand(inputs: Input | Sequence[Input]) -> list[str | np.ndarray]:
    """Files and arrays that inputs name, each as often as it is named.

    Raises:
        UserError: See :class:`Images`.
    """
    items = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    if not items:
        raise UserError('there is no image to predict on; give at least one.')
    named: list[str | np.ndarray] = []
    for item in items:
        named += [item] if isinstance(item, np.ndarray) else _files(item)
    return named


def _files(item: str | Path) -> list[str]:
    """Files that a path, folder or pattern names."""
    if not isinstance(item, (str, Path)):
        raise UserError(
            f'an input is {type(item).__name__}; give a path, a folder, a pattern or an (H, W, 3) uint8 array.'
        )
    path = Path(item)
    if path.is_dir():
        found = sorted(str(file) for file in path.iterdir() if file.suffix.lower() in _suffixes())
        if not found:
            raise UserError(f'the folder {path} has no image or video ({_listed()}).')
        return found
    if glob.has_magic(str(item)) and not path.exists():
        found = sorted(
            file for file in glob.glob(str(item), recursive=True) if Path(file).is_file()
        )
        if not found:
            raise UserError(f'no file fits the pattern {item}; check it.')
        return found
    return [str(path)]


def _suffixes() -> set[str]:
    return IMAGE_SUFFIXES | VIDEO_SUFFIXES


def _listed() -> str:
    return ', '.join(sorted(_suffixes()))


def _is_readable_video(item: Input) -> bool:
    if isinstance(item, np.ndarray) or Path(item).suffix.lower() not in VIDEO_SUFFIXES:
        return False
    return Path(item).is_file() and len(VideoReader(str(item))) > 0


def _load(name: str, load: Callable[[], np.ndarray]) -> Loaded:
    try:
        return Loaded(name, load())
    except UserError as error:
        return Loaded(name, error=str(error))


def _video_frames(path: str, count: int) -> Iterator[Loaded]:
    for number, frame in enumerate(VideoReader(path)):
        if frame is None:
            yield Loaded(
                f'{path}#{number:06}',
                error=f'{path} ends after frame {number} of {count}; it is damaged, make it anew.',
            )
            return
        yield Loaded(f'{path}#{number:06}', frame)


def check_array(image: np.ndarray) -> np.ndarray:
    """An image array as (H, W, 3) uint8 BGR.

    Raises:
        UserError: It is of another type or shape, or empty.
    """
    if image.ndim == 2:
        image = np.repeat(image[..., None], 3, axis=2)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise UserError(
            f'an array of shape {image.shape} and type {image.dtype} is no image; give (H, W, 3) uint8 in BGR order, '
            'neither side 0.'
        )
    return np.ascontiguousarray(image)


def read_image(path: Path) -> np.ndarray:
    """An image file as (H, W, 3) uint8 BGR, turned as its EXIF tag says: what the training loader makes of it.

    Raises:
        UserError: It is missing or damaged, or of a kind that the training loader would silently change: more than 8
            bits a channel, CMYK, several frames.
    """
    if path.suffix.lower() in VIDEO_SUFFIXES and path.is_file():
        raise UserError(
            f'{path} is no video that OpenCV can read; make it anew, as MP4 for example.'
        )
    if path.is_file() and path.stat().st_size:
        _check_kind(path)
    return check_array(read_bgr(path))


def _check_kind(path: Path) -> None:
    try:
        with Image.open(path) as image:
            mode, frames = image.mode, getattr(image, 'n_frames', 1)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return  # the loader tells
    if frames > 1:
        raise UserError(
            f'{path} is animated ({frames} frames); save one frame as PNG, or the whole as a video.'
        )
    if mode in ('CMYK', 'YCCK'):
        raise UserError(f'{path} is a CMYK image; save it as RGB.')
    raw = cv2.imread(str(path), cv2.IMREAD_ANYDEPTH | cv2.IMREAD_ANYCOLOR)
    if raw is not None and raw.dtype != np.uint8:
        bits = 8 * raw.dtype.itemsize
        raise UserError(f'{path} has {bits} bits a channel; save it with 8.')
