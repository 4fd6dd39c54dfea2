"""Objects of a data set in PASCAL VOC format to one folder a class, for training a backbone on them.

    python tools/dataset_converters/voc2crops.py data/playing_cards --out data/playing_cards_crops

writes <out>/<split>/<class>/<image>_<number>.png, for mmpretrain's CustomDataset. Crops of the same annotations are
written anew; a folder with others is refused.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from voc2coco import VOCImage, VOCObject, check_size, read_split

from sr4ir_mm.utils.cli import run
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.images import write_image
from sr4ir_mm.utils.track import track


def convert(root: Path, splits: list[str], out: Path, margin: float) -> None:
    """Cut out every object with area inside its image and say how many.

    Args:
        root: Folder in VOC format.
        splits: Names of lists in ``ImageSets/Main``.
        out: Folder for the crops.
        margin: Added on each side, as a share of the longer side of the box; cut off at the image's edge.

    Raises:
        UserError: An annotation or image is missing or unreadable, they differ in size, or ``out`` holds other crops.
    """
    images = {split: read_split(root, split) for split in splits}
    for split, items in images.items():
        _check_free(out / split, items, margin)
    for split, items in images.items():
        for item in track(items, f'cutting {split}'):
            write_crops(root, item, out / split, margin)
        _tell(out / split, items, margin)


def plan(item: VOCImage, margin: float) -> dict[str, tuple[int, int, int, int]]:
    """Left, top, right and bottom of each crop of an image, by its file below the folder of the split."""
    crops = {}
    for number, obj in enumerate(_with_area(item)):
        # Without its margin, too: surroundings alone are no crop of an object outside the image.
        if all(_inside(widen(obj, share), item) for share in (0, margin)):
            name = f'{obj.name}/{Path(item.file_name).stem}_{number}.png'
            crops[name] = widen(obj, margin)
    return crops


def _inside(box: tuple[int, int, int, int], item: VOCImage) -> bool:
    """Whether any of a box is."""
    left, top, right, bottom = box
    return left < min(right, item.width) and top < min(bottom, item.height)


def _with_area(item: VOCImage) -> list[VOCObject]:
    return [obj for obj in item.objects if obj.has_area]


def _check_free(folder: Path, items: Sequence[VOCImage], margin: float) -> None:
    """Check that nothing lies there that would be learned beside the crops, such as those of labels since changed."""
    written = {folder / name for item in items for name in plan(item, margin)}
    others = sorted(path for path in folder.rglob('*.png') if path not in written)
    if others:
        raise UserError(
            f'{folder} holds {len(others)} images that these annotations do not give, such as {others[0]}; remove '
            f'{folder} if they are crops of an earlier run, or choose another --out.'
        )


def _tell(folder: Path, items: Sequence[VOCImage], margin: float) -> None:
    left_out = {i.file_name: len(_with_area(i)) - len(plan(i, margin)) for i in items}
    print(f'{folder}: {sum(len(plan(item, margin)) for item in items)} objects')
    if any(left_out.values()):
        names = [name for name, count in left_out.items() if count]
        print(
            f'  left out {sum(left_out.values())} boxes outside their images: {", ".join(names[:5])}'
        )


def write_crops(root: Path, item: VOCImage, folder: Path, margin: float) -> None:
    """Write the crops of one image."""
    # Takes seconds, which --help does without.
    from sr4ir_mm.datasets.transforms.loading import read_bgr

    path = root / 'JPEGImages' / Path(item.file_name).name
    image = read_bgr(path)
    check_size(item, path, image.shape[1::-1])
    for name, (left, top, right, bottom) in plan(item, margin).items():
        write_image(folder / name, image[top:bottom, left:right])


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
