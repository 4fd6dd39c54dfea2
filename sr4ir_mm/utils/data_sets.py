"""The public data sets that the configs name: their layout, how many files each part has, and where they come from.

Nothing here imports torch: what is missing is told at once.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path

from sr4ir_mm.utils.errors import UserError

_VOC = 'http://host.robots.ox.ac.uk/pascal/VOC/voc2012/VOCtrainval_11-May-2012.tar'
_VOC07 = 'http://host.robots.ox.ac.uk/pascal/VOC/voc2007/VOC'
_BENCHMARK = 'https://cv.snu.ac.kr/research/EDSR/benchmark.tar'


@dataclass(frozen=True)
class Part:
    """Files of one kind.

    Attributes:
        pattern: Below the root of the set: ``'folder/*.jpg'``, or a list ``'names.txt'`` whose lines are counted.
        count: How many there are.
        source: Where they come from and how they get there, if not as the rest of the set.
        training: Whether they are needed in training alone.
    """

    pattern: str
    count: int
    source: str = ''
    training: bool = False

    def found(self, root: Path) -> int:
        """How many are there."""
        if '*' not in self.pattern and self.pattern.endswith('.txt'):
            path = root / self.pattern
            return sum(bool(line.strip()) for line in path.open()) if path.is_file() else 0
        return sum(1 for _ in root.glob(self.pattern))


@dataclass(frozen=True)
class DataSet:
    """A public data set.

    Attributes:
        root: Where the configs look for it.
        source: Where it comes from and how it gets there.
        parts: What it consists of.
    """

    root: str
    source: str
    parts: tuple[Part, ...]

    def faults(self, root: str | Path | None = None, training: bool = True) -> Iterator[str]:
        """One sentence for each part of which files are missing; more than expected do not matter.

        Args:
            root: Where the set lies; where the configs look for it by default.
            training: Whether what training alone needs must be there.
        """
        folder = Path(root or self.root)
        for part in self.parts:
            found = part.found(folder) if training or not part.training else part.count
            if found < part.count:
                path = folder / part.pattern
                lists = path.suffix == '.txt' and '*' not in part.pattern
                has = f'lists {found} of {part.count}' if lists else ''
                has = has or f'is {found} of {part.count} files'
                yield f'{path} {has}; {part.source or self.source} (docs/prepare_data.md).'


def _voc(*parts: Part, source: str = f'download {_VOC} and unpack it in data/') -> DataSet:
    return DataSet('data/VOCdevkit/VOC2012', source, parts)


def _benchmark(name: str, count: int) -> DataSet:
    source = f'download {_BENCHMARK} and unpack it in data/'
    return DataSet(f'data/benchmark/{name}', source, (Part('HR/*.png', count),))


_COCO_IMAGES = 'download http://images.cocodataset.org/zips/{0}.zip and unpack it in data/coco'
_STUFF = (
    'link data/coco/train2017 and val2017 into data/coco_stuff164k/images, download '
    'http://calvin.inf.ed.ac.uk/wp-content/uploads/data/cocostuffdataset/stuffthingmaps_trainval2017.zip, unpack it in '
    "data/coco_stuff164k/annotations and run mmseg's tools/dataset_converters/coco_stuff164k.py data/coco_stuff164k"
)
_SEGMENTATION = (
    Part('ImageSets/Segmentation/train.txt', 1464),
    Part('ImageSets/Segmentation/val.txt', 1449),
    Part('SegmentationClass/*.png', 2913),
)
_SBD = (
    'download http://www.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/semantic_contours/benchmark.tgz, '
    "unpack it in data/VOCdevkit/VOCaug and run mmseg's tools/dataset_converters/voc_aug.py data/VOCdevkit "
    'data/VOCdevkit/VOCaug'
)

#: Name -> data set.
DATA_SETS = {
    'voc2012-det': _voc(
        Part('ImageSets/Main/train.txt', 5717),
        Part('ImageSets/Main/val.txt', 5823),
        Part('Annotations/*.xml', 17125),
        Part('JPEGImages/*.jpg', 17125),
    ),
    'voc2007': DataSet(
        'data/VOCdevkit/VOC2007',
        f'download {_VOC07}trainval_06-Nov-2007.tar and {_VOC07}test_06-Nov-2007.tar and unpack them in data/',
        (
            Part('ImageSets/Main/trainval.txt', 5011, training=True),
            Part('ImageSets/Main/test.txt', 4952),
            Part('Annotations/*.xml', 9963),
            Part('JPEGImages/*.jpg', 9963),
        ),
    ),
    'voc2012-seg': _voc(*_SEGMENTATION, Part('JPEGImages/*.jpg', 17125)),
    'voc2012-sbd': _voc(
        *_SEGMENTATION,
        Part('JPEGImages/*.jpg', 17125),
        Part('ImageSets/Segmentation/aug.txt', 9118, _SBD),
        Part('SegmentationClassAug/*.png', 11355, _SBD),
    ),
    'cars': DataSet(
        'data/stanford_cars',
        'download https://www.kaggle.com/datasets/jutrera/stanford-car-dataset-by-classes-folder and run python '
        'tools/dataset_converters/cars2folder.py DOWNLOAD --out data/stanford_cars',
        (
            Part('train/*', 196, training=True),
            Part('test/*', 196),
            Part('train/*/*.jpg', 8144, training=True),
            Part('test/*/*.jpg', 8041),
        ),
    ),
    'cub': DataSet(
        'data/CUB_200_2011',
        'download CUB_200_2011.tgz from https://data.caltech.edu/records/65de6-vp158 and unpack it in data/',
        (
            Part('classes.txt', 200),
            Part('images.txt', 11788),
            Part('image_class_labels.txt', 11788),
            Part('train_test_split.txt', 11788),
            Part('images/*/*.jpg', 11788),
        ),
    ),
    'coco': DataSet(
        'data/coco',
        'download http://images.cocodataset.org/annotations/annotations_trainval2017.zip and unpack it in data/coco',
        (
            Part('annotations/instances_train2017.json', 1, training=True),
            Part('annotations/instances_val2017.json', 1),
            Part('train2017/*.jpg', 118287, _COCO_IMAGES.format('train2017'), training=True),
            Part('val2017/*.jpg', 5000, _COCO_IMAGES.format('val2017')),
        ),
    ),
    'coco-stuff': DataSet(
        'data/coco_stuff164k',
        _STUFF,
        (
            Part('images/train2017/*.jpg', 118287, training=True),
            Part('images/val2017/*.jpg', 5000),
            Part('annotations/train2017/*_labelTrainIds.png', 118287, training=True),
            Part('annotations/val2017/*_labelTrainIds.png', 5000),
        ),
    ),
    'div2k': DataSet(
        'data/DIV2K',
        'download DIV2K_train_HR.zip and DIV2K_valid_HR.zip from https://data.vision.ee.ethz.ch/cvl/DIV2K/ and unpack '
        'them in data/DIV2K',
        (Part('DIV2K_train_HR/*.png', 800, training=True), Part('DIV2K_valid_HR/*.png', 100)),
    ),
    'set5': _benchmark('Set5', 5),
    'set14': _benchmark('Set14', 14),
    'b100': _benchmark('B100', 100),
    'urban100': _benchmark('Urban100', 100),
}


def listed_image(line: str, stems: Container[str]) -> str:
    """Image that a line of a list in VOC format names.

    Numbers may follow the name (``2008_000002  1`` in the list of a class), and names may hold spaces
    (``IMG_1 (2)``), even before a number: what is left when numbers are taken off one by one has to be an image.

    Args:
        line: Of the list.
        stems: Names of the images that there are, without suffix.

    Returns:
        One of ``stems``; where none fits, the line without its numbers.
    """
    name = line.strip()
    while name not in stems and (shorter := re.sub(r'\s+-?\d+$', '', name)) != name:
        name = shorter
    return name


def find_data_set(name: str) -> DataSet:
    """A data set by name.

    Raises:
        UserError: There is none of that name.
    """
    if name not in DATA_SETS:
        raise UserError(
            f'{name!r} is no data set that is known here; choose among {", ".join(DATA_SETS)}.'
        )
    return DATA_SETS[name]


def check_complete(name: str, root: str | Path, training: bool = True) -> None:
    """Check that a data set of the configs is whole.

    Args:
        name: Of the data set.
        root: Where it lies.
        training: Whether what training alone needs must be there.

    Raises:
        UserError: Files are missing; tells the first part they are missing of, and where to get it.
    """
    fault = next(find_data_set(name).faults(root, training), None)
    if fault is not None:
        raise UserError(f'{fault[:-1]}, or go on with what is there: --cfg-options data_set=None.')
