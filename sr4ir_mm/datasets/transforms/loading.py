"""Image loading that tells which file is broken."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import cv2
import mmcv
import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmengine import fileio
from mmengine.logging import print_log

from sr4ir_mm.registry import TRANSFORMS
from sr4ir_mm.utils.errors import UserError

_JPEG, _PNG = b'\xff\xd8', b'\x89P'
_END_OF_IMAGE = 0xD9
_UNTURNED = '_ignore_orientation'
# In compressed data FF is followed by 0 or is a restart marker; anything else ends it.
_NEXT_MARKER = re.compile(rb'\xff[^\x00\xd0-\xd7\xff]')


@TRANSFORMS.register_module()
class LoadImage(LoadImageFromFile):
    """``LoadImageFromFile`` that refuses truncated files, which OpenCV would fill with grey.

    Files come through mmengine's ``backend_args``, and are read once. Grey and RGBA files come out with three channels.

    Args:
        skip: In training, leave out up to so many unreadable files (each loading process counts its own) with a warning
            that names them; mmengine's data sets then take another image. ``ignore_empty`` leaves out any number
            without a word.
        kwargs: Arguments of ``mmcv.LoadImageFromFile``.

    Raises:
        UserError: The file is missing, truncated or no image; or its EXIF orientation turns it away from the size that
            its annotation has.
    """

    def __init__(self, *args: Any, skip: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.skip = skip
        self._skipped: set[str] = set()

    def transform(self, results: dict) -> dict | None:
        """Load ``results['img_path']``; None for an unreadable one with ``ignore_empty``."""
        path = results['img_path']
        try:
            image = self._load(path)
        except (OSError, AttributeError, ValueError, cv2.error) as error:
            reason = ' '.join(str(error).split())[:200]
            if self.ignore_empty or self._may_skip(path, reason):
                return None
            limit = f' (skip={self.skip} files were left out before)' if self.skip else ''
            raise UserError(
                f'Image {path} cannot be read ({reason}){limit}; replace it or drop it from the image list.'
            ) from error
        self._check_upright(results, image)
        results['img'] = image.astype(np.float32) if self.to_float32 else image
        results['img_shape'] = results['ori_shape'] = image.shape[:2]
        return results

    def _check_upright(self, results: dict, image: np.ndarray) -> None:
        """Check that the image lies as its boxes do, where the data set tells the size they were drawn on."""
        told = (results.get('height'), results.get('width'))
        height, width = image.shape[:2]
        if told != (width, height) or height == width:
            return
        kind = self.color_type.removesuffix(_UNTURNED)
        ignored = kind != self.color_type or kind == 'unchanged'
        color_type = kind.replace('unchanged', 'color') if ignored else kind + _UNTURNED
        raise UserError(
            f'Image {results["img_path"]} comes as {width} x {height} px, but its annotation is for {told[1]} x '
            f'{told[0]}: its EXIF orientation {"is left out" if ignored else "turns it"} and its boxes lie elsewhere; '
            f'set color_type={color_type!r} of LoadImage, or correct the size in the annotation.'
        )

    def _may_skip(self, path: str, reason: str) -> bool:
        if path in self._skipped:
            return True
        if len(self._skipped) == self.skip:
            return False
        self._skipped.add(path)
        print_log(
            f'Image {path} cannot be read ({reason}) and is left out, number {len(self._skipped)} of at most '
            f'{self.skip}.',
            logger='current',
            level=logging.WARNING,
        )
        return True

    def _load(self, path: str) -> np.ndarray:
        if self.file_client_args is not None:
            client = fileio.FileClient.infer_client(self.file_client_args, path)
            content = client.get(path)
        else:
            content = fileio.get(path, backend_args=self.backend_args)
        check_complete(content)
        image = mmcv.imfrombytes(content, flag=self.color_type, backend=self.imdecode_backend)
        if image is None:
            raise OSError('it is no image that can be decoded')
        return image


def read_bgr(path: str | Path) -> np.ndarray:
    """An image file as (H, W, 3) uint8 BGR, as the training loader makes it: turned by its EXIF tag, never truncated.

    Raises:
        UserError: See :class:`LoadImage`.
    """
    return LoadImage()({'img_path': str(path)})['img']


def check_complete(content: bytes) -> None:
    """Check that a JPEG or PNG file has its end; what follows it (motion photos) does not matter.

    Raises:
        OSError: The file is empty or truncated.
    """
    if not content:
        raise OSError('the file is empty')
    if (content[:2] == _JPEG and not _jpeg_ends(content)) or (
        content[:2] == _PNG and b'IEND' not in content
    ):
        raise OSError('the file is truncated')


def _jpeg_ends(content: bytes) -> bool:
    """Whether the end marker is met on the way from segment to segment; a thumbnail inside one has its own."""
    marker = _NEXT_MARKER.search(content, 2)
    while marker:
        kind, start = content[marker.end() - 1], marker.end()
        if kind == _END_OF_IMAGE:
            return True
        start += int.from_bytes(content[start : start + 2], 'big')
        marker = _NEXT_MARKER.search(content, start)
    return False
