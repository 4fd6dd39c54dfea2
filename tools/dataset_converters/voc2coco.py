"""Box annotations in PASCAL VOC format to COCO json files.

python tools/dataset_converters/voc2coco.py data/VOCdevkit/VOC2012

writes data/VOCdevkit/annotations/voc12_train.json and voc12_val.json, for mmdet's CocoDataset with
data_root='data/VOCdevkit/' and data_prefix=dict(img='').
"""

import argparse
import json
import os
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from sr4ir_mm.utils.cli import run
from sr4ir_mm.utils.data_sets import listed_image
from sr4ir_mm.utils.errors import UserError

PAGE = 'http://host.robots.ox.ac.uk/pascal/VOC/voc2012/VOCtrainval_11-May-2012.tar'


_ORIENTATION = 0x0112  # EXIF tag
_ON_ITS_SIDE = (5, 6, 7, 8)


@dataclass(frozen=True)
class VOCObject:
    """One ``object`` of an annotation file; box in VOC's own coordinates (first pixel is 1)."""

    name: str
    xmin: float
    ymin: float
    xmax: float
    ymax: float

    @property
    def has_area(self) -> bool:
        """Whether the box covers anything."""
        return self.xmax > self.xmin and self.ymax > self.ymin

    def coco_box(self) -> list[float]:
        """[x, y, w, h] from 0: VOC's corner pixels count from 1 and are both inside the box."""
        x, y = self.xmin - 1, self.ymin - 1
        return [_short(v) for v in (x, y, self.xmax - x, self.ymax - y)]


@dataclass(frozen=True)
class VOCImage:
    """One image with its objects, difficult ones included."""

    file_name: str
    width: int
    height: int
    objects: tuple[VOCObject, ...]


def read_split(root: Path, split: str) -> list[VOCImage]:
    """Read all annotations of a split.

    Args:
        root: Folder with ``Annotations``, ``JPEGImages`` and ``ImageSets/Main``.
        split: Name of a list in ``ImageSets/Main``.

    Returns:
        Images in the order of the list; ``file_name`` is relative to the parent of ``root``.

    Raises:
        UserError: A file is missing or not a VOC annotation, or the list is empty.
    """
    list_file = _require(root / 'ImageSets' / 'Main' / f'{split}.txt')
    images = _require(root / 'JPEGImages')
    paths = {path.stem: path for path in sorted(images.iterdir())}
    lines = list_file.read_text().splitlines()
    names = [listed_image(line, paths) for line in lines if line.strip()]
    if not names:
        raise UserError(
            f'{list_file} lists no image; put one name of {images} on each line, or leave {split} out of --splits.'
        )
    # Of '.', too, and of a link rather than of where it leads: paths are below the parent that the user sees.
    folder = Path(os.path.abspath(root)).name
    result = []
    for name in tqdm(names, desc=split, unit='image'):
        if name not in paths:
            raise UserError(
                f'{list_file} lists {name}, but {images / name}.* does not exist; restore the image '
                'or remove the line.'
            )
        result.append(_read(root / 'Annotations' / f'{name}.xml', paths[name], folder))
    return result


def to_coco(images: Sequence[VOCImage], classes: Sequence[str]) -> tuple[dict, Counter]:
    """COCO's dictionary of the images.

    Args:
        images: What :func:`read_split` returns.
        classes: Class names; category ids count from 1 in this order.

    Returns:
        The dictionary, and how many boxes were left out for which reason.

    Source: methods.md 5.6: corners less one, area = w * h, iscrowd 0 for difficult boxes too.
    """
    categories = {name: index for index, name in enumerate(classes, 1)}
    dropped: Counter = Counter()
    annotations = []
    for image_id, image in enumerate(images, 1):
        for obj in image.objects:
            if obj.name not in categories:
                dropped[f'of class {obj.name!r}, which is not asked for'] += 1
            elif not obj.has_area:
                dropped['without area'] += 1
            else:
                box = obj.coco_box()
                annotations.append(
                    dict(
                        id=len(annotations) + 1,
                        image_id=image_id,
                        category_id=categories[obj.name],
                        bbox=box,
                        area=_short(box[2] * box[3]),
                        iscrowd=0,
                        segmentation=[],
                    )
                )
    return dict(
        images=[
            dict(id=image_id, file_name=i.file_name, width=i.width, height=i.height)
            for image_id, i in enumerate(images, 1)
        ],
        annotations=annotations,
        categories=[dict(id=index, name=name) for name, index in categories.items()],
    ), dropped


def convert(root: Path, splits: Sequence[str], classes: Sequence[str] | None, out: Path) -> None:
    """Write one json file a split and say what is in it.

    Args:
        root: Folder in VOC format.
        splits: Names of lists in ``ImageSets/Main``.
        classes: Class names in label order; None takes all that occur in the splits, sorted, which
            for PASCAL VOC is its own order.
        out: Folder for the files.

    Raises:
        UserError: See :func:`read_split`; or none of the classes occurs.
    """
    _require(root)
    images = {split: read_split(root, split) for split in splits}
    found = {obj.name for i in _chain(images.values()) for obj in i.objects}
    names = list(classes) if classes else sorted(found)
    if not found & set(names):
        raise UserError(
            f'No annotation in {root} names one of the classes {names}; they name {sorted(found)}.'
        )
    out.mkdir(parents=True, exist_ok=True)
    for split in splits:
        content, dropped = to_coco(images[split], names)
        path = out / f'{root.resolve().name.lower().replace("voc20", "voc")}_{split}.json'
        path.write_text(json.dumps(content))
        print(f'{path}: {len(content["images"])} images, {len(content["annotations"])} boxes')
        for reason, count in sorted(dropped.items()):
            print(f'  left out {count} boxes {reason}')
    print(f'classes={tuple(names)}')


def _read(path: Path, image: Path, folder: str) -> VOCImage:
    _require(path)
    try:
        tree = ElementTree.parse(path).getroot()
        objects = tuple(_read_object(node) for node in tree.findall('object'))
        width, height = (int(tree.findtext(f'size/{side}') or 0) for side in ('width', 'height'))
    except (ElementTree.ParseError, TypeError, ValueError, AttributeError) as error:
        raise UserError(
            f'{path} is not a readable VOC annotation ({error}); repair it or take it out of the list.'
        ) from error
    if width <= 0 or height <= 0:
        width, height = loaded_size(image)
    return VOCImage(f'{folder}/JPEGImages/{image.name}', width, height, objects)


def _read_object(node: ElementTree.Element) -> VOCObject:
    corners = (float(node.findtext(f'bndbox/{key}')) for key in ('xmin', 'ymin', 'xmax', 'ymax'))
    return VOCObject(node.findtext('name').strip(), *corners)


def loaded_size(path: Path) -> tuple[int, int]:
    """Width and height of an image as OpenCV and mmcv load it, turned by its EXIF orientation.

    Raises:
        UserError: It cannot be read.
    """
    from PIL import Image

    try:
        with Image.open(path) as image:
            turned = image.getexif().get(_ORIENTATION, 1) in _ON_ITS_SIDE
            return image.size[::-1] if turned else image.size
    except OSError as error:
        raise UserError(f'{path} is no readable image ({error}); replace it.') from error


def check_size(item: VOCImage, path: Path, size: tuple[int, int]) -> None:
    """Check that boxes were drawn on the image as it is loaded.

    Args:
        item: The annotation.
        path: The image.
        size: Its width and height when loaded.

    Raises:
        UserError: They were drawn on one of another size.
    """
    if size == (item.width, item.height):
        return
    turned = size == (item.height, item.width)
    raise UserError(
        f'{path} is loaded as {size[0]} x {size[1]} px, but its annotation is for {item.width} x {item.height}'
        + (
            ': its EXIF orientation turns it; take that out of the file (mogrify -strip) if the boxes lie on the '
            'unturned image, or else correct the size in the annotation.'
            if turned
            else '; correct the annotation, or take the image out of the list.'
        )
    )


def _require(path: Path) -> Path:
    if not path.exists():
        raise UserError(
            f'{path} does not exist; give a folder in VOC format (PASCAL VOC 2012: {PAGE}, unpacked '
            'in data/).'
        )
    return path


def _chain(groups: Iterable[Sequence[VOCImage]]) -> list[VOCImage]:
    return [image for group in groups for image in group]


def _short(value: float) -> float | int:
    """Whole numbers without a decimal point, as COCO's own files have them."""
    return int(value) if value == int(value) else value


def main() -> None:
    """Parse the options and convert."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('root', type=Path, help='Annotations, JPEGImages and ImageSets/Main')
    parser.add_argument('--splits', nargs='+', default=['train', 'val'])
    parser.add_argument('--classes', nargs='+', help='in label order; default: all, sorted')
    parser.add_argument('--out', type=Path, help='default: <parent of ROOT>/annotations')
    args = parser.parse_args()
    out = args.out or args.root.resolve().parent / 'annotations'
    convert(args.root, args.splits, args.classes, out)


if __name__ == '__main__':
    run(main)
