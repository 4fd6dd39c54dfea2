import json
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage

from sr4ir_mm.datasets.sample import SceneMaker, write_sample
from sr4ir_mm.datasets.sample.scenes import CLASSES, PHOTOGRAPHS
from sr4ir_mm.utils.errors import UserError

ROOT = Path(__file__).parents[2]
SETTINGS = dict(train=6, val=4, size=64, seed=3)


def content(folder):
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob('*') if p.is_file()}


@pytest.fixture(scope='module')
def sample(tmp_path_factory):
    out = tmp_path_factory.mktemp('data') / 'sample'
    assert write_sample(out, **SETTINGS)
    return out


def voc(sample, name, folder='JPEGImages', suffix='png'):
    return sample / 'VOCdevkit' / 'VOC2012' / folder / f'{name}.{suffix}'


def names(sample, split, task='Main'):
    return voc(sample, f'{task}/{split}', 'ImageSets', 'txt').read_text().split()


def test_same_settings_same_bytes_other_seed_other_images(sample, tmp_path):
    write_sample(tmp_path / 'again', **SETTINGS)
    assert content(tmp_path / 'again') == content(sample)
    write_sample(tmp_path / 'other', **dict(SETTINGS, seed=4))
    first = voc(sample, 'train_00000').read_bytes()
    assert voc(tmp_path / 'other', 'train_00000').read_bytes() != first


def test_boxes_masks_and_labels_agree(sample):
    for split, count in (('train', 6), ('val', 4)):
        assert names(sample, split) == names(sample, split, 'Segmentation')
        assert len(names(sample, split)) == count
        for name in names(sample, split):
            image = cv2.imread(str(voc(sample, name)))
            mask = cv2.imread(str(voc(sample, name, 'SegmentationClass')), cv2.IMREAD_UNCHANGED)
            assert image.shape == (64, 64, 3)
            assert mask.shape == (64, 64)
            tree = ElementTree.parse(voc(sample, name, 'Annotations', 'xml'))
            objects = tree.findall('object')
            assert objects
            inside = np.zeros_like(mask, dtype=bool)
            for obj in objects:
                x0, y0, x1, y1 = (
                    int(obj.findtext(f'bndbox/{k}')) for k in ('xmin', 'ymin', 'xmax', 'ymax')
                )
                assert 1 <= x0 < x1 <= 64
                assert 1 <= y0 < y1 <= 64
                part = mask[y0 - 1 : y1, x0 - 1 : x1]
                assert CLASSES.index(obj.findtext('name')) + 1 in part
                inside[y0 - 1 : y1, x0 - 1 : x1] = True
            assert not mask[~inside].any()
            named = {CLASSES.index(obj.findtext('name')) + 1 for obj in objects}
            assert set(np.unique(mask)) - {0} == named


def test_one_object_fills_its_box_exactly(sample):
    """Where a scene has a single object, the box is the bounds of the mask."""
    maker = SceneMaker(size=64, max_objects=1)
    for _ in range(5):
        scene = maker.draw()
        rows, columns = np.nonzero(scene.labels)
        bounds = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        assert scene.boxes.tolist() == [bounds]


def test_crops_lie_in_folders_of_their_class(sample):
    crops = sorted((sample / 'cls').rglob('*.png'))
    assert {path.parent.name for path in crops} <= set(CLASSES)
    assert all(cv2.imread(str(path)).shape == (32, 32, 3) for path in crops)
    for split in ('train', 'val'):
        boxes = sum(
            voc(sample, name, 'Annotations', 'xml').read_text().count('<object>')
            for name in names(sample, split)
        )
        assert len(list((sample / 'cls' / split).rglob('*.png'))) == boxes


def test_training_and_validation_share_no_pixels():
    """Left and right part of each photograph: side by side they are the whole, nothing twice."""
    folder = Path(skimage.__file__).parent / 'data'
    makers = SceneMaker(64, 'train'), SceneMaker(64, 'val')
    for name, *parts in zip(PHOTOGRAPHS, *(maker.photographs for maker in makers), strict=True):
        whole = cv2.imread(str(folder / name))[..., ::-1]
        assert np.array_equal(np.concatenate(parts, axis=1), whole)
        assert min(part.shape[1] for part in parts) >= 64
    for train, val in zip(*(maker.textures for maker in makers), strict=True):
        assert train.shape[1] > val.shape[1] > 0


def test_colour_and_contrast_do_not_tell_the_class():
    """Mean and spread of the fill are those of its tint and of the common contrast."""
    maker = SceneMaker(size=96, seed=1)
    spread = []
    for kind in range(len(CLASSES)):
        fills = np.stack([maker._fill(kind) for _ in range(60)])
        assert fills.mean() == pytest.approx(127, abs=8)
        spread.append(fills.std(axis=(1, 2)).mean())
    assert max(spread) / min(spread) < 1.1


def test_is_not_made_twice_and_changed_settings_replace_it(tmp_path):
    out = tmp_path / 'sample'
    assert write_sample(out, **SETTINGS)
    assert not write_sample(out, **SETTINGS)
    assert write_sample(out, **dict(SETTINGS, train=2))
    assert len(names(out, 'train')) == 2
    assert not voc(out, 'train_00005').exists()


def test_an_interrupted_run_is_done_again(tmp_path, monkeypatch):
    out = tmp_path / 'sample'
    write_sample(out, **SETTINGS)
    complete = content(out)
    with monkeypatch.context() as patch:
        patch.setattr(SceneMaker, 'draw', lambda self: exec('raise KeyboardInterrupt'))
        with pytest.raises(KeyboardInterrupt):
            write_sample(out, **dict(SETTINGS, seed=9))
    assert write_sample(out, **SETTINGS)
    assert content(out) == complete


def test_never_removes_what_it_did_not_write(tmp_path):
    """With --out data, the real VOC devkit would lie where the sample's goes."""
    devkit = tmp_path / 'VOCdevkit' / 'VOC2012'
    devkit.mkdir(parents=True)
    with pytest.raises(UserError, match='VOCdevkit was not made by this tool'):
        write_sample(tmp_path, **SETTINGS)
    assert devkit.is_dir()


@pytest.mark.parametrize('bad', [dict(train=0), dict(val=-1), dict(size=8), dict(detail=0.0)])
def test_bad_numbers_are_one_sentence(bad, tmp_path):
    with pytest.raises(UserError, match=next(iter(bad)) + '='):
        write_sample(tmp_path / 'sample', **{**SETTINGS, **bad})
    assert not (tmp_path / 'sample').exists()


def test_command_line(tmp_path):
    command = [sys.executable, 'tools/dataset_converters/make_sample.py', '--size', '64']
    command += ['--train', '2', '--val', '1', '--out', str(tmp_path / 'sample')]
    first = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert 'written to' in first.stdout
    settings = json.loads((tmp_path / 'sample' / 'meta.json').read_text())
    assert settings['size'] == 64
    command[command.index('2')] = '0'
    refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert 'error: train=0 is too small' in refused.stderr
    assert 'Traceback' not in refused.stderr
