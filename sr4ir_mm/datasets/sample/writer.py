"""Write scenes as a VOC devkit and as class folders."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
from tqdm import tqdm

from sr4ir_mm.datasets.sample.scenes import CLASSES, Scene, SceneMaker
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.images import write_image

_DEVKIT = 'VOCdevkit/VOC2012'
_SETTINGS = 'meta.json'
_UNFINISHED = 'meta.json.partial'
_PARTS = ('VOCdevkit', 'cls')
_MIN_SIZE = 32  # px; the smallest shape is then 7 px wide


def write_sample(
    out: Path, train: int = 400, val: int = 100, size: int = 96, seed: int = 0, detail: float = 4.0
) -> bool:
    """Write the sample data set; the same settings give the same bytes.

    Layout: ``VOCdevkit/VOC2012`` with lossless images, boxes, label maps (0 background, 255 unused)
    and image lists; ``cls/<split>/<class>`` with a crop around each object; ``meta.json`` with the
    settings, written last, so that an interrupted run is done again.

    Args:
        out: Folder of the data set.
        train: Training scenes.
        val: Validation scenes.
        size: Side of the scenes in px.
        seed: Seed.
        detail: See :class:`SceneMaker`.

    Returns:
        False if the same data set was there already.

    Raises:
        UserError: A number is out of range, or ``out`` holds something that this did not write.
    """
    _check_numbers(train, val, size, detail)
    settings = dict(
        train=train, val=val, size=size, seed=seed, detail=detail, classes=list(CLASSES), version=1
    )
    meta = out / _SETTINGS
    if meta.is_file() and json.loads(meta.read_text()) == settings:
        return False
    _make_room(out, meta)
    for split, count in (('train', train), ('val', val)):
        maker = SceneMaker(size, split, seed, detail=detail)
        names = [f'{split}_{index:05d}' for index in range(count)]
        for name in tqdm(names, desc=f'{split} scenes', unit='image'):
            _write_scene(out, split, name, maker.draw())
        for task in ('Main', 'Segmentation'):
            path = out / _DEVKIT / 'ImageSets' / task / f'{split}.txt'
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text('\n'.join(names) + '\n')
    partial = out / _UNFINISHED
    partial.write_text(json.dumps(settings, indent=1))
    partial.replace(meta)
    return True


def _check_numbers(train: int, val: int, size: int, detail: float) -> None:
    for name, value, least in (('train', train, 1), ('val', val, 1), ('size', size, _MIN_SIZE)):
        if value < least:
            raise UserError(f'{name}={value} is too small; use at least {least}.')
    if detail <= 0:
        raise UserError(f'detail={detail} px must be above 0; 4 is the default.')


def _make_room(out: Path, meta: Path) -> None:
    """Remove an older sample, never anything else; an unfinished one is known by its mark."""
    partial = out / _UNFINISHED
    present = [out / part for part in _PARTS if (out / part).exists()]
    if present and not meta.is_file() and not partial.is_file():
        raise UserError(
            f'{present[0]} was not made by this tool (there is no {meta}); choose another folder '
            'for the sample data.'
        )
    out.mkdir(parents=True, exist_ok=True)
    partial.touch()
    meta.unlink(missing_ok=True)
    for part in present:
        shutil.rmtree(part)


def _write_scene(out: Path, split: str, name: str, scene: Scene) -> None:
    devkit = out / _DEVKIT
    write_image(devkit / 'JPEGImages' / f'{name}.png', scene.image_rgb[..., ::-1])
    write_image(devkit / 'SegmentationClass' / f'{name}.png', scene.labels)
    annotation = devkit / 'Annotations' / f'{name}.xml'
    annotation.parent.mkdir(parents=True, exist_ok=True)
    annotation.write_text(_xml(f'{name}.png', scene))
    for index, (crop, kind) in enumerate(_crops(scene)):
        write_image(out / 'cls' / split / CLASSES[kind] / f'{name}_{index}.png', crop[..., ::-1])


def _crops(scene: Scene) -> Iterator[tuple[np.ndarray, int]]:
    """Square crops of half the scene's side around each object, kept inside the scene."""
    extent = scene.image_rgb.shape[0]
    side = extent // 2
    for (x0, y0, x1, y1), kind in zip(scene.boxes, scene.classes, strict=True):
        left, top = (
            int(np.clip((a + b - side) // 2, 0, extent - side)) for a, b in ((x0, x1), (y0, y1))
        )
        yield scene.image_rgb[top : top + side, left : left + side], int(kind)


def _xml(filename: str, scene: Scene) -> str:
    """A VOC annotation; VOC counts pixels from 1 and includes the last one."""
    height, width = scene.labels.shape
    objects = ''.join(
        f'<object><name>{escape(CLASSES[kind])}</name><difficult>0</difficult>'
        f'<bndbox><xmin>{x0 + 1}</xmin><ymin>{y0 + 1}</ymin><xmax>{x1}</xmax><ymax>{y1}</ymax></bndbox></object>\n'
        for (x0, y0, x1, y1), kind in zip(scene.boxes, scene.classes, strict=True)
    )
    return (
        f'<annotation><filename>{filename}</filename><size><width>{width}</width>'
        f'<height>{height}</height><depth>3</depth></size><segmented>1</segmented>\n{objects}</annotation>\n'
    )
