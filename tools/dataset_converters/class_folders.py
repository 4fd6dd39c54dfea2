"""What the classification converters share: a list of labelled images, written as folders or lists."""

import argparse
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from sr4ir_mm.utils.errors import UserError

SPLITS = ('train', 'test')


@dataclass(frozen=True)
class LabelledImage:
    """One image of a classification set.

    Attributes:
        path: The image file.
        split: ``'train'`` or ``'test'``.
        class_name: Name of its class, usable as a folder name.
    """

    path: Path
    split: str
    class_name: str


def parser(description: str, source: str, out: str) -> argparse.ArgumentParser:
    """Options that all classification converters have.

    Args:
        description: What the tool does.
        source: What the positional argument must hold.
        out: Default folder of the result.

    Returns:
        Parser with ``source``, ``--out``, ``--layout`` and ``--copy``.
    """
    result = argparse.ArgumentParser(description=description)
    result.add_argument('source', type=Path, help=source)
    result.add_argument('--out', type=Path, default=Path(out), help=f'default: {out}')
    result.add_argument(
        '--layout',
        choices=('folder', 'list'),
        default='folder',
        help='folder: OUT/<split>/<class>/<image>; list: OUT/meta/<split>.txt with lines '
        '"<path below SOURCE> <label>" and OUT/meta/classes.txt, images stay where they are',
    )
    result.add_argument('--copy', action='store_true', help='copy images instead of linking them')
    return result


def require(path: Path, page: str) -> Path:
    """Return the path if it exists.

    Args:
        path: File or folder.
        page: Where the data set is offered.

    Raises:
        UserError: It does not exist.
    """
    if not path.exists():
        raise UserError(f'{path} does not exist; get the data set from {page} and unpack it there.')
    return path


def write(images: Sequence[LabelledImage], args: argparse.Namespace) -> None:
    """Write the images in the layout that the options ask for, and say what was written.

    Args:
        images: All images of both splits.
        args: Options of :func:`parser`.

    Raises:
        UserError: An image does not exist, or there is none.
    """
    if not images:
        raise UserError(f'{args.source} lists no image; check that it was unpacked completely.')
    classes = sorted({image.class_name for image in images})
    if args.layout == 'folder':
        _write_folders(images, args.out, args.copy)
    else:
        _write_lists(images, args.source, args.out, classes)
    counts = ', '.join(f'{sum(i.split == split for i in images)} {split}' for split in SPLITS)
    print(f'{counts} images of {len(classes)} classes in {args.out}')


def _write_folders(images: Sequence[LabelledImage], out: Path, copy: bool) -> None:
    """Link or copy; images that are there already are left alone."""
    for image in tqdm(images, desc='images', unit='image'):
        target = out / image.split / image.class_name / image.path.name
        if target.exists():
            continue
        if not image.path.is_file():
            raise UserError(
                f'{image.path} does not exist, but the annotations list it; unpack again.'
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        if copy:
            partial = target.with_name(target.name + '.partial')  # no half image after Ctrl-C
            shutil.copyfile(image.path, partial)
            partial.replace(target)
        else:
            target.unlink(missing_ok=True)  # a link to images that have moved
            os.symlink(image.path.resolve(), target)


def _write_lists(
    images: Sequence[LabelledImage], source: Path, out: Path, classes: Sequence[str]
) -> None:
    labels = {name: label for label, name in enumerate(classes)}
    meta = out / 'meta'
    meta.mkdir(parents=True, exist_ok=True)
    (meta / 'classes.txt').write_text('\n'.join(classes) + '\n')
    for split in SPLITS:
        lines = [
            f'{image.path.relative_to(source).as_posix()} {labels[image.class_name]}\n'
            for image in images
            if image.split == split
        ]
        (meta / f'{split}.txt').write_text(''.join(lines))
