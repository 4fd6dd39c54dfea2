"""Image loading that tells which file is broken."""

from __future__ import annotations

from pathlib import Path

from mmcv.transforms import LoadImageFromFile

from sr4ir_mm.registry import TRANSFORMS
from sr4ir_mm.utils.errors import UserError

_END_MARKERS = {b'\xff\xd8': b'\xff\xd9', b'\x89P': b'IEND'}
_TAIL = 8192


@TRANSFORMS.register_module()
class LoadImage(LoadImageFromFile):
    """``LoadImageFromFile`` that refuses truncated files, which OpenCV would fill with grey.

    Grey and RGBA files come out with three channels.

    Raises:
        UserError: The file is missing, truncated or no image.
    """

    def transform(self, results: dict) -> dict:
        """Load ``results['img_path']``."""
        path = Path(results['img_path'])
        try:
            check_complete(path)
            loaded = super().transform(results)
        except (OSError, AssertionError, AttributeError) as error:
            raise UserError(
                f'Image {path} cannot be read ({error}); replace it or drop it from the image list.'
            ) from error
        return loaded


def check_complete(path: Path) -> None:
    """Check that a JPEG or PNG file has its end.

    Raises:
        OSError: The file is missing, empty or truncated.
    """
    with path.open('rb') as file:
        head = file.read(2)
        file.seek(0, 2)
        file.seek(max(file.tell() - _TAIL, 0))
        tail = file.read()
    if not tail:
        raise OSError('the file is empty')
    marker = _END_MARKERS.get(head)
    if marker is not None and marker not in tail:
        raise OSError('the file is truncated')
