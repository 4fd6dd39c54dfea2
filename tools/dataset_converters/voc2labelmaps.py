"""Boxes of a data set in PASCAL VOC format, filled, as label maps for semantic segmentation.

    python tools/dataset_converters/voc2labelmaps.py data/playing_cards --classes nine ten jack queen king ace \
        --out data/playing_cards_labels

writes <out>/<image>.png, 0 for what no box covers and 1, 2, ... for the classes in the order given, for mmseg's
BaseSegDataset with the lists of ImageSets/Main as ann_file. Where boxes overlap, the smaller one is on top.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from voc2coco import VOCImage, check_size, loaded_size, read_split

from sr4ir_mm.utils.cli import run
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.images import write_image
from sr4ir_mm.utils.track import track


def convert(root: Path, splits: Sequence[str], classes: Sequence[str], out: Path) -> None:
    """Write a label map for each image and say how many pixels are objects.

    Args:
        root: Folder in VOC format.
        splits: Names of lists in ``ImageSets/Main``.
        classes: Names of the labels 1, 2, ...
        out: Folder for the label maps.

    Raises:
        UserError: An annotation or image is missing or unreadable or they differ in size, a box has a class that is not
            named, or a list is empty.
    """
    for split in splits:
        covered = []
        for item in track(read_split(root, split), f'filling {split}'):
            path = root / 'JPEGImages' / Path(item.file_name).name
            check_size(item, path, loaded_size(path))
            labels = label_map(item, classes)
            write_image(out / f'{path.stem}.png', labels)
            covered.append(float((labels > 0).mean()))
        print(f'{out}: {len(covered)} label maps of {split}, {np.mean(covered):.0%} objects')


def label_map(image: VOCImage, classes: Sequence[str]) -> np.ndarray:
    """(H, W) uint8 labels of one image.

    Args:
        image: With its boxes.
        classes: Names of the labels 1, 2, ...

    Raises:
        UserError: A box has a class that is not named.
    """
    labels = np.zeros((image.height, image.width), np.uint8)
    boxes = [obj for obj in image.objects if obj.has_area]
    for obj in sorted(boxes, key=lambda o: -(o.coco_box()[2] * o.coco_box()[3])):
        if obj.name not in classes:
            raise UserError(
                f'{image.file_name} has a box of class {obj.name!r}; expected one of {list(classes)}: '
                'add it to --classes.'
            )
        left, top, width, height = (round(v) for v in obj.coco_box())
        # Some tools count from 0, which makes a first column of -1.
        rows, columns = slice(max(0, top), top + height), slice(max(0, left), left + width)
        labels[rows, columns] = 1 + classes.index(obj.name)
    return labels


def main() -> None:
    """Parse the options and convert."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('root', type=Path, help='Annotations, JPEGImages and ImageSets/Main')
    parser.add_argument('--classes', nargs='+', required=True, help='names of the labels 1, 2, ...')
    parser.add_argument('--splits', nargs='+', default=['train', 'val'])
    parser.add_argument('--out', type=Path, required=True, help='folder for the label maps')
    args = parser.parse_args()
    convert(args.root, args.splits, args.classes, args.out)


if __name__ == '__main__':
    run(main)
