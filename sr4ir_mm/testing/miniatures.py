"""Miniatures of the benchmark data sets: a few generated files in the layout that a config's data sets read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mmengine.config import Config

from sr4ir_mm.datasets.voc_format import VOC_CLASSES
from sr4ir_mm.testing.samples import make_image
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.kinds import class_name
from sr4ir_mm.utils.resources import iter_datasets

#: (height, width) of the images, px.
SIZE = (72, 96)
COUNT = 2
_LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
_CARS = 196
_BOX = (16, 12, 64, 56)
_XML = (
    '<annotation><filename>{name}.jpg</filename><size><width>{width}</width><height>{height}</height><depth>3</depth>'
    '</size><object><name>{label}</name><difficult>0</difficult><bndbox><xmin>{box[0]}</xmin><ymin>{box[1]}</ymin>'
    '<xmax>{box[2]}</xmax><ymax>{box[3]}</ymax></bndbox></object></annotation>'
)


def use_miniatures(cfg: Config, folder: Path) -> None:
    """Write the files that a config's data sets read, and have them read there.

    Args:
        cfg: Changed in place: the roots of its data sets, absolute paths of its annotation files.
        folder: Where ``data/`` is taken to lie; what is there already is kept.

    Raises:
        UserError: A data set is of a type that is not known here.
    """
    for loader in _LOADERS:
        for where, dataset in iter_datasets(cfg.get(loader), loader):
            kind = class_name(dataset)
            if kind not in _MAKERS:
                raise UserError(
                    f'{where} is of type {kind}, of which no miniature can be made; known are {sorted(_MAKERS)}.'
                )
            dataset.data_root = str(folder / dataset.data_root)
            _MAKERS[kind](Path(dataset.data_root), dataset)
    for name in ('val_evaluator', 'test_evaluator'):
        for metric in _as_list(cfg.get(name)):
            if isinstance(metric.get('ann_file'), str):
                metric.ann_file = str(folder / metric.ann_file)


def _as_list(value: Any) -> list:
    return list(value) if isinstance(value, (list, tuple)) else [value] if value else []


def _voc_segmentation(root: Path, dataset: Mapping[str, Any]) -> None:
    images, labels = dataset['data_prefix']['img_path'], dataset['data_prefix']['seg_map_path']
    for name, seed in _list(root / dataset['ann_file']):
        write_image(root / images / f'{name}.jpg', seed)
        cells = np.random.default_rng(seed).integers(0, 21, (4, 4)).astype(np.uint8)
        label = cv2.resize(cells, SIZE[::-1], interpolation=cv2.INTER_NEAREST)
        label[:4] = 255
        _write(root / labels / f'{name}.png', cv2.imencode('.png', label)[1].tobytes())


def _voc_detection(root: Path, dataset: Mapping[str, Any]) -> None:
    for name, seed in _list(root / dataset['ann_file']):
        write_image(root / 'JPEGImages' / f'{name}.jpg', seed)
        text = _XML.format(
            name=name, height=SIZE[0], width=SIZE[1], label=VOC_CLASSES[seed % 20], box=_BOX
        )
        _write(root / 'Annotations' / f'{name}.xml', text.encode())


def _class_folders(root: Path, dataset: Mapping[str, Any]) -> None:
    """A folder for each class of Stanford Cars; all but the first are empty."""
    for index in range(_CARS):
        folder = root / dataset['data_prefix'] / f'class {index:03d}'
        folder.mkdir(parents=True, exist_ok=True)
        if index < COUNT:
            write_image(folder / '0.jpg', index)


def _cub(root: Path, dataset: Mapping[str, Any]) -> None:
    """Both splits, of :data:`COUNT` images each."""
    numbers = range(1, 2 * COUNT + 1)
    names = [f'{1 + n % COUNT:03d}.Bird/bird_{n}.jpg' for n in numbers]
    for seed, name in zip(numbers, names, strict=True):
        write_image(root / 'images' / name, seed)
    lists = {
        'images.txt': names,
        'image_class_labels.txt': [1 + n % COUNT for n in numbers],
        'train_test_split.txt': [int(n <= COUNT) for n in numbers],
    }
    for name, values in lists.items():
        lines = [f'{n} {value}\n' for n, value in zip(numbers, values, strict=True)]
        _write(root / name, ''.join(lines).encode())


def _coco(root: Path, dataset: Mapping[str, Any]) -> None:
    prefix = dataset.get('data_prefix', {}).get('img', '')
    x1, y1, x2, y2 = _BOX
    box = [x1, y1, x2 - x1, y2 - y1]
    images, annotations = [], []
    for index in range(COUNT):
        name = f'{index:012d}.jpg'
        write_image(root / prefix / name, index)
        images.append(dict(id=index, file_name=name, height=SIZE[0], width=SIZE[1]))
        annotation = dict(id=index + 1, image_id=index, category_id=1, bbox=box, iscrowd=0)
        polygon = [x1, y1, x2, y1, x2, y2, x1, y2]
        annotations.append(dict(annotation, area=box[2] * box[3], segmentation=[polygon]))
    categories = [dict(id=index + 1, name=name) for index, name in enumerate(_coco_classes())]
    content = dict(images=images, annotations=annotations, categories=categories)
    _write(root / dataset['ann_file'], json.dumps(content).encode())


def _coco_classes() -> tuple[str, ...]:
    from mmdet.datasets import CocoDataset

    return CocoDataset.METAINFO['classes']


_MAKERS: dict[str, Callable[[Path, Mapping[str, Any]], None]] = {
    'PascalVOCDataset': _voc_segmentation,
    'VOCFormatDataset': _voc_detection,
    'CustomDataset': _class_folders,
    'CUB': _cub,
    'CocoDataset': _coco,
    'LargeImageCoco': _coco,
}


def _list(path: Path) -> list[tuple[str, int]]:
    """Write an image list; returns the names with a seed each. Splits have images of their own."""
    offset = sum(path.stem.encode()) % 50
    names = [(f'2012_{offset + index:06d}', offset + index) for index in range(COUNT)]
    _write(path, ''.join(f'{name}\n' for name, _ in names).encode())
    return names


def write_image(path: Path, seed: int) -> None:
    """Write a generated image, unless the file is there."""
    image = make_image(SIZE, np.random.default_rng(seed)).numpy().transpose(1, 2, 0)
    _write(path, cv2.imencode('.png', image)[1].tobytes())


def _write(path: Path, content: bytes) -> None:
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
