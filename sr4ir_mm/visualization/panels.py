"""Lay pictures out beside each other."""

from collections.abc import Sequence

import cv2
import numpy as np
from torch import Tensor

_CAPTION_HEIGHT = 22
_GAP = 4
_WHITE = 255


def to_uint8(image_rgb01: Tensor) -> np.ndarray:
    """(3, H, W) image space to (H, W, 3) uint8 RGB."""
    array = image_rgb01.detach().clamp(0, 1).mul(255).round().byte().cpu().numpy()
    return np.ascontiguousarray(array.transpose(1, 2, 0))


def resize(image: np.ndarray, size: tuple[int, int], nearest: bool = False) -> np.ndarray:
    """Resize an (h, w, 3) picture to (height, width)."""
    if image.shape[:2] == tuple(size):
        return image
    mode = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
    return cv2.resize(image, (size[1], size[0]), interpolation=mode)


def caption(image: np.ndarray, text: str) -> np.ndarray:
    """Put a line of text above a picture."""
    bar = np.full((_CAPTION_HEIGHT, image.shape[1], 3), _WHITE, np.uint8)
    size = 0.45
    width = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, 1)[0][0]
    size = min(size, size * (image.shape[1] - 8) / max(width, 1))
    cv2.putText(bar, text, (4, 16), cv2.FONT_HERSHEY_SIMPLEX, size, (0, 0, 0), 1, cv2.LINE_AA)
    return np.concatenate([bar, image])


def hstack_panels(panels: Sequence[np.ndarray]) -> np.ndarray:
    """Pictures side by side on white, aligned at the top."""
    height = max(panel.shape[0] for panel in panels)
    columns = [_extend(panel, height, panel.shape[1] + _GAP) for panel in panels]
    return np.concatenate(columns, axis=1)


def vstack_rows(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Rows below each other on white, aligned at the left."""
    width = max(row.shape[1] for row in rows)
    return np.concatenate([_extend(row, row.shape[0] + _GAP, width) for row in rows])


def _extend(image: np.ndarray, height: int, width: int) -> np.ndarray:
    canvas = np.full((height, width, 3), _WHITE, np.uint8)
    canvas[: image.shape[0], : image.shape[1]] = image
    return canvas
