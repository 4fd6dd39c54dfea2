"""CUB-200-2011 to one folder a class and split.

python tools/dataset_converters/cub2folder.py data/CUB_200_2011 --out data/cub

mmpretrain reads the original layout by itself (``type='mmpretrain.CUB'``, which the configs use); this
is for everything that wants class folders.
"""

from pathlib import Path

from class_folders import LabelledImage, parser, require, write

from sr4ir_mm.utils.cli import run
from sr4ir_mm.utils.errors import UserError

PAGE = 'https://data.caltech.edu/records/65de6-vp158 (CUB_200_2011.tgz)'


def find_images(source: Path) -> list[LabelledImage]:
    """List the images of CUB-200-2011.

    Args:
        source: Folder with ``images``, ``images.txt``, ``image_class_labels.txt``, ``classes.txt`` and
            ``train_test_split.txt``.

    Returns:
        Images of both splits, in the order of ``images.txt``.

    Raises:
        UserError: A file is missing or does not match the others.
    """
    require(source / 'images', PAGE)
    paths = _table(source / 'images.txt')
    labels = _table(source / 'image_class_labels.txt')
    splits = _table(source / 'train_test_split.txt')
    classes = _table(source / 'classes.txt')
    try:
        return [
            LabelledImage(
                source / 'images' / path,
                'train' if splits[index] == '1' else 'test',
                classes[labels[index]],
            )
            for index, path in paths.items()
        ]
    except KeyError as error:
        raise UserError(
            f'{source}: entry {error} of images.txt has no class or split in the other lists; get '
            f'the data set again from {PAGE}.'
        ) from error


def _table(path: Path) -> dict[str, str]:
    """Lines "<id> <value>"."""
    lines = (line.split(maxsplit=1) for line in require(path, PAGE).read_text().splitlines())
    pairs = [line for line in lines if line]
    if any(len(pair) != 2 for pair in pairs):
        raise UserError(f'{path} has a line that is not "<number> <value>"; get it from {PAGE}.')
    return {index: value.strip() for index, value in pairs}


def main() -> None:
    """Parse the options and convert."""
    args = parser(
        'CUB-200-2011 to class folders.', 'unpacked CUB_200_2011 folder', 'data/cub'
    ).parse_args()
    write(find_images(args.source), args)


if __name__ == '__main__':
    run(main)
