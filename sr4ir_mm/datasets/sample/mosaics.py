"""Mosaics: label maps of texture cells without background, for segmentation on which resolution decides."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
import skimage
from tqdm import tqdm

from sr4ir_mm.datasets.sample.scenes import CLASSES, prepare_texture, shade
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.images import write_image

#: Share of each texture photograph's width that a split draws from, left to right and apart from one another.
REGIONS = {'train': (0.0, 0.5), 'held_out': (0.5, 0.7), 'test': (0.7, 1.0)}
_SETTINGS = 'meta.json'
_TRIES = 200


@dataclass(frozen=True)
class MosaicSettings:
    """What a set of mosaics is.

    Attributes:
        train: Training images.
        held_out: Images for choices.
        test: Images that judge.
        size: Side of the images in px.
        cell: Least distance of the cells' centres in px.
        crops: Cut-out textures for a classifier, of each class and split; half of ``size`` wide.
        detail: See :class:`SceneMaker`.
        seed: Of everything drawn.
    """

    train: int = 1600
    held_out: int = 400
    test: int = 800
    size: int = 96
    cell: int = 28
    crops: int = 400
    detail: float = 4.0
    seed: int = 0


class MosaicMaker:
    """Draws mosaics of one split.

    The image is parted into cells by the nearest of random centres; neighbours show different textures. A texture is
    high-passed, brought to one mean and contrast and tinted at random, so that only detail tells the classes apart.

    Args:
        settings: Of the set.
        split: A key of :data:`REGIONS`.
    """

    def __init__(self, settings: MosaicSettings, split: str) -> None:
        self.size, self.cell = settings.size, settings.cell
        self.rng = np.random.default_rng([settings.seed, list(REGIONS).index(split)])
        folder = Path(skimage.__file__).parent / 'data'
        self.textures = [
            prepare_texture(folder, c, REGIONS[split], settings.detail) for c in CLASSES
        ]

    def draw(self) -> tuple[np.ndarray, np.ndarray]:
        """The next image, (H, W, 3) uint8 RGB, and its labels, (H, W) uint8."""
        cells = self._cells()
        kinds = self._kinds(cells)
        image = np.zeros((self.size, self.size, 3), np.uint8)
        for number, kind in enumerate(kinds):
            mask = cells == number
            image[mask] = shade(self.textures[kind], self.size, self.rng)[mask]
        return image, np.asarray(kinds, np.uint8)[cells]

    def crop(self, kind: int) -> np.ndarray:
        """A cut-out texture, (H, W, 3) uint8 RGB, of half the mosaics' side."""
        return shade(self.textures[kind], self.size // 2, self.rng).astype(np.uint8)

    def _cells(self) -> np.ndarray:
        """(H, W) number of each pixel's cell."""
        centres: list[np.ndarray] = []
        for _ in range(_TRIES):
            point = self.rng.uniform(0, self.size, 2)
            if all(np.hypot(*(point - other)) >= self.cell for other in centres):
                centres.append(point)
        rows, columns = np.mgrid[: self.size, : self.size]
        distances = [np.hypot(rows - y, columns - x) for y, x in centres]
        return np.argmin(distances, axis=0)

    def _kinds(self, cells: np.ndarray) -> list[int]:
        """A class for each cell, other than its neighbours' where three classes allow it."""
        kinds: list[int] = []
        for number in range(cells.max() + 1):
            ring = cv2.dilate((cells == number).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
            taken = {kinds[other] for other in np.unique(cells[ring]) if other < number}
            free = [kind for kind in range(len(CLASSES)) if kind not in taken] or list(
                range(len(CLASSES))
            )
            kinds.append(int(self.rng.choice(free)))
        return kinds


def write_mosaics(out: Path, settings: MosaicSettings) -> bool:
    """Write a set of mosaics; the same settings give the same bytes.

    Layout: ``images/<split>/*.png``, ``labels/<split>/*.png`` (0 brick, 1 grass, 2 gravel),
    ``crops/<split>/<class>/*.png`` and ``meta.json`` with the settings, written last.

    Args:
        out: Folder of the set.
        settings: What it is.

    Returns:
        False if the same set was there already.

    Raises:
        UserError: ``out`` holds something that this did not write, or a number is out of range.
    """
    _check(settings)
    meta, wanted = out / _SETTINGS, asdict(settings)
    if meta.is_file() and json.loads(meta.read_text()) == wanted:
        return False
    parts = [out / name for name in ('images', 'labels', 'crops')]
    unfinished = out / f'{_SETTINGS}.partial'
    if any(part.exists() for part in parts) and not (meta.is_file() or unfinished.is_file()):
        raise UserError(f'{out} holds images that this tool did not make; choose another folder.')
    out.mkdir(parents=True, exist_ok=True)
    unfinished.touch()
    meta.unlink(missing_ok=True)
    for part in parts:
        shutil.rmtree(part, ignore_errors=True)
    for split in REGIONS:
        _write_split(out, split, settings)
    unfinished.write_text(json.dumps(wanted, indent=1))
    unfinished.replace(meta)
    return True


def _check(settings: MosaicSettings) -> None:
    for name, least in (('train', 1), ('held_out', 1), ('test', 1), ('size', 32), ('cell', 8)):
        if getattr(settings, name) < least:
            raise UserError(f'{name}={getattr(settings, name)} is too small; use at least {least}.')
    if settings.detail <= 0:
        raise UserError(f'detail={settings.detail} px must be above 0; 4 is the default.')


def _write_split(out: Path, split: str, settings: MosaicSettings) -> None:
    maker = MosaicMaker(settings, split)
    for number in tqdm(range(getattr(settings, split)), desc=f'{split} mosaics', unit='image'):
        image_rgb, labels = maker.draw()
        write_image(out / 'images' / split / f'{number:05d}.png', image_rgb[..., ::-1])
        write_image(out / 'labels' / split / f'{number:05d}.png', labels)
    for kind, name in enumerate(CLASSES):
        for number in range(settings.crops):
            path = out / 'crops' / split / name / f'{number:05d}.png'
            write_image(path, maker.crop(kind)[..., ::-1])
