"""Image loading that tells which file is broken."""

from __future__ import annotations

import re

import mmcv
import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmengine import fileio

from sr4ir_mm.registry import TRANSFORMS
from sr4ir_mm.utils.errors import UserError

_JPEG, _PNG = b'\xff\xd8', b'\x89P'
_END_OF_IMAGE = 0xD9
# In compressed data FF is followed by 0 or is a restart marker; anything else ends it.
_NEXT_MARKER = re.compile(rb'\xff[^\x00\xd0-\xd7\xff]')


@TRANSFORMS.register_module()
class LoadImage(LoadImageFromFile):
    """``LoadImageFromFile`` that refuses truncated files, which OpenCV would fill with grey.

    Files come through mmengine's ``backend_args``, and are read once. Grey and RGBA files come out with three channels.

    Raises:
        UserError: The file is missing, truncated or no image.
    """

    def transform(self, results: dict) -> dict | None:
        """Load ``results['img_path']``; None for an unreadable one with ``ignore_empty``."""
        path = results['img_path']
        try:
            image = self._load(path)
        except (OSError, AttributeError, ValueError) as error:
            if self.ignore_empty:
                return None
            raise UserError(
                f'Image {path} cannot be read ({error}); replace it or drop it from the image list.'
            ) from error
        results['img'] = image.astype(np.float32) if self.to_float32 else image
        results['img_shape'] = results['ori_shape'] = image.shape[:2]
        return results

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
