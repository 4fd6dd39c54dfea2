"""The hand signs of the quick start: 1642 training and 417 test images of 70 px, ten classes.

python tools/dataset_converters/make_hand_signs.py --out data/hand_signs

They come with the repository (demo/data/hand_signs.zip, with source and licence inside) and are only unpacked here.
"""

from __future__ import annotations

import argparse
import shutil
import zipfile
from pathlib import Path

from sr4ir_mm.utils.cli import run
from sr4ir_mm.utils.errors import UserError

ARCHIVE = Path(__file__).resolve().parents[2] / 'demo/data/hand_signs.zip'
COUNTS = {'train': 1642, 'val': 417}


def unpack(out: Path, archive: Path = ARCHIVE) -> bool:
    """Unpack the images, unless they are there.

    Args:
        out: Folder to make, with ``train/<digit>`` and ``val/<digit>``.
        archive: The images.

    Returns:
        Whether anything was unpacked.

    Raises:
        UserError: ``out`` holds something else, or the archive cannot be read.
    """
    if out.is_dir():
        _check(out)
        return False
    beside = out.with_name(f'{out.name}.unpacking')
    shutil.rmtree(beside, ignore_errors=True)
    try:
        shutil.unpack_archive(archive, beside)
    except (OSError, shutil.ReadError, zipfile.BadZipFile) as error:
        raise UserError(
            f'{archive} cannot be unpacked ({error}); restore it with: git checkout -- {archive}.'
        ) from error
    _check(beside)
    beside.rename(out)
    return True


def _check(folder: Path) -> None:
    found = {split: len(list((folder / split).glob('*/*.jpg'))) for split in COUNTS}
    if found != COUNTS:
        raise UserError(
            f'{folder} holds {found} images where {COUNTS} were expected; remove it and run this again.'
        )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--out', type=Path, default=Path('data/hand_signs'))
    args = parser.parse_args()
    new = unpack(args.out)
    print(
        f'{args.out}: {COUNTS["train"]} + {COUNTS["val"]} images, {"made" if new else "there already"}'
    )


if __name__ == '__main__':
    run(main)
