"""Stanford Cars, as its authors or Kaggle offer it, to one folder a class.

python tools/dataset_converters/cars2folder.py data/cars_download --out data/stanford_cars
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from class_folders import SPLITS, LabelledImage, parser, require, write
from scipy.io import loadmat

from sr4ir_mm.utils.cli import run
from sr4ir_mm.utils.errors import UserError

PAGE = 'https://www.kaggle.com/datasets/jutrera/stanford-car-dataset-by-classes-folder'
SUFFIXES = ('.jpg', '.jpeg', '.png')


def find_images(source: Path) -> list[LabelledImage]:
    """List the images of any layout that the data set is offered in.

    Args:
        source: Folder with one of: ``cars_annos.mat`` and ``car_ims``; ``devkit``, ``cars_train``
            and ``cars_test``; Kaggle's ``train`` and ``test`` (or ``car_data`` around them).

    Returns:
        Images of both splits. Class names are Kaggle's: the devkit's with '-' for '/', so that all
        layouts sort, and therefore number, the classes alike.

    Raises:
        UserError: It is none of the three.
    """
    require(source, PAGE)
    if (source / 'cars_annos.mat').is_file():
        return list(_from_one_list(source))
    if (source / 'devkit').is_dir():
        return [image for split in SPLITS for image in _from_devkit(source, split)]
    for folder in (source, source / 'car_data', source / 'car_data' / 'car_data'):
        if all((folder / split).is_dir() for split in SPLITS):
            return [image for split in SPLITS for image in _from_folders(folder, split)]
    raise UserError(
        f'{source} holds no Stanford Cars: expected cars_annos.mat with car_ims, or devkit with '
        f'cars_train and cars_test, or train and test folders of classes as from {PAGE}.'
    )


def _from_one_list(source: Path) -> Iterator[LabelledImage]:
    """``cars_annos.mat``: one list for both splits."""
    content = _load(source / 'cars_annos.mat', 'annotations', 'class_names')
    classes = [_folder_name(name) for name in content['class_names']]
    for item in content['annotations']:
        split = SPLITS[int(item['test'])]
        path = source / str(item['relative_im_path'])
        yield LabelledImage(path, split, classes[int(item['class']) - 1])


def _from_devkit(source: Path, split: str) -> Iterator[LabelledImage]:
    """``devkit/cars_<split>_annos*.mat``."""
    devkit = source / 'devkit'
    classes = [
        _folder_name(n) for n in _load(devkit / 'cars_meta.mat', 'class_names')['class_names']
    ]
    name = 'cars_train_annos.mat' if split == 'train' else 'cars_test_annos_withlabels.mat'
    # The labels of the test images come as a file of their own, which some put beside the devkit.
    path = source / name if (source / name).is_file() else devkit / name
    for item in _load(path, 'annotations')['annotations']:
        image = source / f'cars_{split}' / str(item['fname'])
        yield LabelledImage(image, split, classes[int(item['class']) - 1])


def _from_folders(folder: Path, split: str) -> Iterator[LabelledImage]:
    for class_folder in sorted(path for path in (folder / split).iterdir() if path.is_dir()):
        for path in sorted(class_folder.iterdir()):
            if path.suffix.lower() in SUFFIXES:
                yield LabelledImage(path, split, class_folder.name)


def _load(path: Path, *names: str) -> dict[str, np.ndarray]:
    """Variables of a MATLAB file, each as a one-dimensional array."""
    require(path, PAGE)
    try:
        content = loadmat(path, squeeze_me=True)
        return {name: np.atleast_1d(content[name]) for name in names}
    except Exception as error:  # a damaged file makes scipy raise nearly anything
        raise UserError(
            f'{path} is no annotation file of Stanford Cars ({type(error).__name__}: {error}); '
            'unpack it again.'
        ) from error


def _folder_name(class_name: object) -> str:
    return str(class_name).strip().replace('/', '-')


def main() -> None:
    """Parse the options and convert."""
    args = parser(
        'Stanford Cars to class folders.',
        'unpacked download: devkit layout, cars_annos.mat layout or Kaggle folders',
        'data/stanford_cars',
    ).parse_args()
    write(find_images(args.source), args)


if __name__ == '__main__':
    run(main)
