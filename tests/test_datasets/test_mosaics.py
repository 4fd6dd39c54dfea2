"""Texture mosaics: cells wide enough, classes apart, splits from disjoint regions, the same bytes each time."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from sr4ir_mm.datasets.sample.mosaics import REGIONS, MosaicMaker, MosaicSettings, write_mosaics
from sr4ir_mm.utils.errors import UserError

SMALL = MosaicSettings(train=3, held_out=1, test=2, crops=2)


def test_cells_are_at_least_twenty_px_wide_on_average_and_hold_all_classes():
    maker = MosaicMaker(SMALL, 'train')
    labels = [maker.draw()[1] for _ in range(10)]

    cells = [maker._cells() for _ in range(10)]
    areas = np.concatenate([np.bincount(c.ravel()) for c in cells])
    assert np.median(areas) >= 20**2
    assert set(np.unique(labels)) == {0, 1, 2}


def test_neighbours_differ_where_three_classes_allow_it():
    maker = MosaicMaker(SMALL, 'train')
    same, pairs = 0, 0
    for _ in range(10):
        cells = maker._cells()
        kinds = np.asarray(maker._kinds(cells))
        left, right = cells[:, :-1].ravel(), cells[:, 1:].ravel()
        touching = left != right
        pairs += touching.sum()
        same += (kinds[left[touching]] == kinds[right[touching]]).sum()

    assert same / pairs < 0.1


def test_splits_come_from_disjoint_regions():
    bounds = sorted(REGIONS.values())

    assert all(a[1] <= b[0] for a, b in zip(bounds, bounds[1:], strict=False))
    first, second = (MosaicMaker(SMALL, split).textures[1] for split in ('train', 'test'))
    assert first.shape[1] > second.shape[1] > 0


def test_colour_and_brightness_do_not_tell_classes_apart():
    maker = MosaicMaker(replace(SMALL, size=64), 'train')
    means = np.array([[maker.crop(kind).mean((0, 1)) for _ in range(60)] for kind in range(3)])

    spread_of_classes = means.mean(1).std(0).max()
    assert spread_of_classes < 0.4 * means.std(1).mean()


def test_the_same_settings_give_the_same_bytes(tmp_path):
    assert write_mosaics(tmp_path / 'a', SMALL)
    assert write_mosaics(tmp_path / 'b', SMALL)
    assert not write_mosaics(tmp_path / 'a', SMALL)

    files = sorted(
        p.relative_to(tmp_path / 'a') for p in (tmp_path / 'a').rglob('*') if p.is_file()
    )
    assert len(files) == 2 * 6 + 3 * 3 * 2 + 1
    assert all(
        (tmp_path / 'a' / f).read_bytes() == (tmp_path / 'b' / f).read_bytes() for f in files
    )
    image = cv2.imread(str(tmp_path / 'a' / 'images' / 'test' / '00001.png'))
    assert image.shape == (96, 96, 3)


def test_what_others_made_is_left_alone(tmp_path):
    (tmp_path / 'images').mkdir()

    with pytest.raises(UserError, match='did not make'):
        write_mosaics(tmp_path, SMALL)


@pytest.mark.parametrize('change', [dict(train=0), dict(size=8), dict(detail=0.0)])
def test_numbers_out_of_range_are_named(tmp_path, change):
    with pytest.raises(UserError, match=next(iter(change))):
        write_mosaics(tmp_path, replace(SMALL, **change))
