"""FDSR's training set: what is too small is left out, counted and told."""

import json

import pytest

from sr4ir_mm.datasets import LargeImageCoco, large_images
from sr4ir_mm.utils.errors import UserError

SIZES = [(640, 480), (384, 500), (500, 384), (385, 385), (300, 300), (1000, 400)]


def load(folder, **kwargs):
    images = [dict(id=i, file_name=f'{i}.jpg', width=w, height=h) for i, (w, h) in enumerate(SIZES)]
    classes = [dict(id=1, name='person')]
    annotations = dict(images=images, annotations=[], categories=classes)
    (folder / 'train.json').write_text(json.dumps(annotations))
    return LargeImageCoco(
        **{'min_side': 385, **kwargs},
        data_root=str(folder),
        ann_file='train.json',
        data_prefix=dict(img=''),
        pipeline=[],
    )


def ids(dataset):
    return [dataset.get_data_info(index)['img_id'] for index in range(len(dataset))]


@pytest.fixture
def told(monkeypatch):
    lines = []
    monkeypatch.setattr(large_images, 'print_log', lambda text, **kwargs: lines.append(text))
    return lines


def test_images_with_a_short_side_are_left_out_and_counted_in_one_line(tmp_path, told):
    assert ids(load(tmp_path)) == [0, 3, 5]
    assert len(told) == 1
    assert told[0].endswith('3 of 6 images were left out because a side is below 385 px.')


def test_a_draw_is_repeatable_and_its_seed_counts(tmp_path):
    first = ids(load(tmp_path, min_side=1, most=3))

    assert len(first) == 3
    assert first == sorted(first) == ids(load(tmp_path, min_side=1, most=3))
    assert any(first != ids(load(tmp_path, min_side=1, most=3, seed=seed)) for seed in range(1, 9))
    assert ids(load(tmp_path, min_side=1, most=7)) == [0, 1, 2, 3, 4, 5]


def test_a_test_set_is_left_whole(tmp_path, told):
    assert len(load(tmp_path, test_mode=True)) == len(SIZES)
    assert told == []


def test_a_set_without_large_images_is_refused(tmp_path):
    with pytest.raises(UserError, match=r'none of the 6 images of .*train\.json has two sides of'):
        load(tmp_path, min_side=500)


@pytest.mark.parametrize('options', [dict(min_side=0), dict(min_side='384'), dict(most=0)])
def test_numbers_out_of_place_are_told(tmp_path, options):
    with pytest.raises(UserError, match='is out of place'):
        load(tmp_path, **options)
