"""Objects of a data set in PASCAL VOC format to one folder a class, for training a backbone on them.

    python tools/dataset_converters/voc2crops.py data/playing_cards --out data/playing_cards_crops

writes <out>/<split>/<class>/<image>_<number>.png, for mmpretrain's CustomDataset.
"""

import argparse
from pathlib import Path

import cv2
from voc2coco import VOCImage, VOCObject, read_split

from sr4ir_mm.utils.cli import run
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.track import track


def convert(root: Path, splits: list[str], out: Path, margin: float) -> None:
    """Cut out every object with area and say how many.

    Args:
        root: Folder in VOC format.
        splits: Names of lists in ``ImageSets/Main``.
        out: Folder for the crops.
        margin: Added on each side, as a share of the longer side of the box; cut off at the image's edge.

    Raises:
        UserError: An annotation or image is missing or unreadable.
    """
    for split in splits:
        items = track(read_split(root, split), f'cutting {split}')
        count = sum(write_crops(root, item, out / split, margin) for item in items)
        print(f'{out / split}: {count} objects')


def write_crops(root: Path, item: VOCImage, folder: Path, margin: float) -> int:
    """Write the crops of one image; returns their number."""
    path = root / 'JPEGImages' / Path(item.file_name).name
    image = cv2.imread(str(path))
    if image is None:
        raise UserError(f'{path} is no readable image; replace it.')
    objects = [obj for obj in item.objects if obj.has_area]
    for number, obj in enumerate(objects):
        left, top, right, bottom = widen(obj, margin)
        target = folder / obj.name / f'{path.stem}_{number}.png'
        target.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(target), image[top:bottom, left:right])
    return len(objects)


def widen(obj: VOCObject, margin: float) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of an object with its margin; right and bottom may lie outside the image."""
    left, top, width, height = obj.coco_box()
    extra = margin * max(width, height)
    sides = (left - extra, top - extra, left + width + extra, top + height + extra)
    return tuple(max(0, round(side)) for side in sides)


def main() -> None:
    """Parse the options and convert."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('root', type=Path, help='Annotations, JPEGImages and ImageSets/Main')
    parser.add_argument('--splits', nargs='+', default=['train', 'val'])
    parser.add_argument('--out', type=Path, required=True, help='folder for the crops')
    parser.add_argument('--margin', type=float, default=0.1, help='share of the longer side')
    args = parser.parse_args()
    convert(args.root, args.splits, args.out, args.margin)


if __name__ == '__main__':
    run(main)
