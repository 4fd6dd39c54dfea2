"""Scenes: textured shapes on photograph crops, with exact boxes, masks and labels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import skimage

PHOTOGRAPHS = (
    'astronaut.png',
    'chelsea.png',
    'coffee.png',
    'motorcycle_left.png',
    'rocket.jpg',
    'hubble_deep_field.jpg',
    'ihc.png',
    'retina.jpg',
)
CLASSES = ('brick', 'grass', 'gravel')
# The brick photograph is shrunk, so that its joints are as fine a cue as blades and stones.
_TEXTURE_SCALE = {'brick': 0.6}
SHAPES = ('disc', 'square', 'triangle', 'star', 'hexagon')
_VAL_SHARE = 0.3
_CONTRAST = 45.0
_MAX_OVERLAP = 0.03


@dataclass
class Scene:
    """One image and its ground truth.

    Attributes:
        image_rgb: (H, W, 3) uint8.
        labels: (H, W) uint8, 0 background, 1 + class index elsewhere.
        boxes: (n, 4) int, x0, y0, x1, y1 with exclusive ends.
        classes: (n,) class indices.
    """

    image_rgb: np.ndarray
    labels: np.ndarray
    boxes: np.ndarray
    classes: np.ndarray


class SceneMaker:
    """Draws scenes from disjoint regions of the photographs for training and validation.

    A shape is filled with one of three textures, high-passed and brought to one mean and contrast,
    then tinted at random: neither colour, brightness nor outline tells the class, only detail that
    x4 downscaling destroys.

    Args:
        size: Side of the square scenes in px.
        split: ``'train'`` or ``'val'``.
        seed: Seed of everything drawn.
        max_objects: Most shapes in a scene.
        detail: Standard deviation in px of the Gaussian whose low frequencies are taken out of the
            textures; the smaller, the finer the cue.
    """

    def __init__(
        self,
        size: int = 128,
        split: str = 'train',
        seed: int = 0,
        max_objects: int = 3,
        detail: float = 4.0,
    ) -> None:
        self.size = size
        self.max_objects = max_objects
        self.rng = np.random.default_rng([seed, 0 if split == 'train' else 1])
        folder = Path(skimage.__file__).parent / 'data'
        self.photographs = [_part(_read(folder / name), split) for name in PHOTOGRAPHS]
        share = (0.0, 1 - _VAL_SHARE) if split == 'train' else (1 - _VAL_SHARE, 1.0)
        self.textures = [prepare_texture(folder, name, share, detail) for name in CLASSES]

    def draw(self) -> Scene:
        """Draw the next scene."""
        image = self._background()
        labels = np.zeros((self.size, self.size), np.uint8)
        masks: list[tuple[int, np.ndarray]] = []
        for _ in range(self.rng.integers(1, self.max_objects + 1)):
            mask = self._shape()
            if (labels[mask] > 0).mean() > _MAX_OVERLAP:
                continue
            kind = int(self.rng.integers(len(CLASSES)))
            image = np.where(mask[..., None], self._fill(kind), image)
            labels[mask] = kind + 1
            masks.append((kind, mask))
        boxes = np.array([_box(mask) for _, mask in masks], int).reshape(-1, 4)
        return Scene(
            image.astype(np.uint8), labels, boxes, np.array([kind for kind, _ in masks], int)
        )

    def _background(self) -> np.ndarray:
        photograph = self.photographs[self.rng.integers(len(self.photographs))]
        side = int(self.rng.uniform(1.0, 1.6) * self.size)
        side = min(side, *photograph.shape[:2])
        crop = random_crop(photograph, side, self.rng)
        if self.rng.random() < 0.5:
            crop = crop[:, ::-1]
        return cv2.resize(
            np.ascontiguousarray(crop), (self.size, self.size), interpolation=cv2.INTER_AREA
        )

    def _shape(self) -> np.ndarray:
        """(H, W) bool mask of a random shape inside the scene."""
        radius = self.rng.uniform(0.15, 0.27) * self.size
        centre = self.rng.uniform(radius, self.size - radius, 2)
        points = _outline(
            SHAPES[self.rng.integers(len(SHAPES))], radius, self.rng.uniform(0, 2 * np.pi)
        )
        canvas = np.zeros((self.size, self.size), np.uint8)
        cv2.fillPoly(canvas, [np.round(points + centre).astype(np.int32)], 1)
        return canvas.astype(bool)

    def _fill(self, kind: int) -> np.ndarray:
        """(H, W, 3) texture of a class, turned, tinted and of a common contrast."""
        return shade(self.textures[kind], self.size, self.rng)


def prepare_texture(
    folder: Path, name: str, share: tuple[float, float], detail: float
) -> np.ndarray:
    """(H, W) high-passed texture of a class.

    Args:
        folder: Where scikit-image keeps its photographs.
        name: A key of :data:`CLASSES`.
        share: Of the photograph's width, from and to.
        detail: See :class:`SceneMaker`.
    """
    image = _shrink(_read(folder / f'{name}.png'), _TEXTURE_SCALE.get(name))
    first, last = (int(image.shape[1] * border) for border in share)
    return _high_pass(image[:, first:last], detail)


def shade(texture: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """(size, size, 3) part of a texture, turned, tinted and of a common contrast, in [0, 255]."""
    patch = random_crop(texture, min(size, *texture.shape[:2]), rng)
    patch = np.rot90(patch, rng.integers(4))
    patch = np.tile(patch, [-(-size // extent) for extent in patch.shape])[:size, :size]
    patch = patch / max(patch.std(), 1e-6) * _CONTRAST * rng.uniform(0.8, 1.2)
    return np.clip(patch[..., None] + rng.uniform(80, 175, 3), 0, 255)


def random_crop(image: np.ndarray, side: int, rng: np.random.Generator) -> np.ndarray:
    """A square part of an image."""
    top, left = (int(rng.integers(0, extent - side + 1)) for extent in image.shape[:2])
    return image[top : top + side, left : left + side]


def _read(path: Path) -> np.ndarray:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    return image[..., ::-1]


def _shrink(image: np.ndarray, factor: float | None) -> np.ndarray:
    if factor is None:
        return image
    return cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)


def _part(image: np.ndarray, split: str) -> np.ndarray:
    """Left part of an image for training, right part for validation."""
    border = int(image.shape[1] * (1 - _VAL_SHARE))
    return image[:, :border] if split == 'train' else image[:, border:]


def _high_pass(image: np.ndarray, sigma: float) -> np.ndarray:
    grey = image.mean(axis=2)
    return grey - cv2.GaussianBlur(grey, (0, 0), sigma)


def _outline(shape: str, radius: float, turn: float) -> np.ndarray:
    """(n, 2) corner points around the origin."""
    corners = {'disc': 32, 'square': 4, 'triangle': 3, 'star': 10, 'hexagon': 6}[shape]
    angles = turn + 2 * np.pi * np.arange(corners) / corners
    radii = np.full(corners, radius)
    if shape == 'star':
        radii[1::2] *= 0.55
    return np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)


def _box(mask: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
