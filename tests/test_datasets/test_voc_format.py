"""VOC-format sets with the faults of real ones."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from mmdet.datasets import XMLDataset

from sr4ir_mm.datasets import LoadImage, VOCFormatDataset
from sr4ir_mm.utils.errors import UserError

OBJECT = (
    '<object><name>{name}</name><difficult>{difficult}</difficult><bndbox><xmin>{0}</xmin><ymin>{1}</ymin>'
    '<xmax>{2}</xmax><ymax>{3}</ymax></bndbox></object>'
)


def write(root, image_id, objects, suffix='jpg', image=None):
    for folder in ('JPEGImages', 'Annotations', 'ImageSets/Main'):
        (root / folder).mkdir(parents=True, exist_ok=True)
    image = np.full((40, 50, 3), 90, np.uint8) if image is None else image
    cv2.imwrite(str(root / 'JPEGImages' / f'{image_id}.{suffix}'), image)
    body = ''.join(
        OBJECT.format(*box, name=name, difficult=difficult) for name, box, difficult in objects
    )
    size = '<size><width>50</width><height>40</height><depth>3</depth></size>'
    xml = f'<annotation><filename>{image_id}.{suffix}</filename>{size}{body}</annotation>'
    (root / 'Annotations' / f'{image_id}.xml').write_text(xml)
    with (root / 'ImageSets/Main/train.txt').open('a') as file:
        file.write(f'{image_id}\n')


def load(root, classes=('cat', 'dog'), **kwargs):
    return VOCFormatDataset(
        data_root=str(root),
        ann_file='ImageSets/Main/train.txt',
        data_prefix=dict(sub_data_root=''),
        metainfo=dict(classes=classes),
        pipeline=[],
        **kwargs,
    )


def test_boxes_are_the_references(tmp_path):
    write(tmp_path, 'a', [('dog', (1, 2, 10, 20), 0), ('cat', (5, 5, 50, 40), 1)])
    instances = load(tmp_path).get_data_info(0)['instances']
    assert [i['bbox'] for i in instances] == [[0, 1, 10, 20], [4, 4, 50, 40]]
    assert [i['bbox_label'] for i in instances] == [1, 0]
    assert [i['ignore_flag'] for i in instances] == [0, 0]
    assert [
        i['ignore_flag'] for i in load(tmp_path, keep_difficult=False).get_data_info(0)['instances']
    ] == [0, 1]


def test_legacy_boxes_are_mmdets(tmp_path):
    """VOC's own metric counts a box's last pixel as inside."""
    write(tmp_path, 'a', [('dog', (1, 2, 10, 20), 0), ('cat', (5, 5, 50, 40), 1)])
    options = dict(
        data_root=str(tmp_path),
        ann_file='ImageSets/Main/train.txt',
        metainfo=dict(classes=('cat', 'dog')),
        pipeline=[],
    )
    theirs = XMLDataset(data_prefix=dict(sub_data_root=''), **options).get_data_info(0)
    ours = load(tmp_path, legacy_boxes=True).get_data_info(0)
    assert [i['bbox'] for i in ours['instances']] == [i['bbox'] for i in theirs['instances']]


def test_boxes_without_area_are_dropped_and_told(tmp_path, monkeypatch):
    from sr4ir_mm.datasets import voc_format

    told = []
    monkeypatch.setattr(voc_format, 'print_log', lambda text, **kwargs: told.append(text))
    write(tmp_path, 'a', [('dog', (3, 3, 3, 9), 0), ('dog', (3, 3, 9, 9), 0)])
    assert len(load(tmp_path).get_data_info(0)['instances']) == 1
    assert 'dropped 1 boxes without area, in a.jpg' in told[0]


def test_an_image_without_objects_is_kept(tmp_path):
    write(tmp_path, 'a', [('dog', (3, 3, 9, 9), 0)])
    write(tmp_path, 'b', [])
    assert len(load(tmp_path)) == 2
    assert load(tmp_path).get_data_info(1)['instances'] == []


@pytest.mark.parametrize('suffix', ['png', 'jpg', 'bmp', 'JPG'])
def test_any_suffix(tmp_path, suffix):
    write(tmp_path, 'a', [('dog', (3, 3, 9, 9), 0)], suffix=suffix)
    assert load(tmp_path).get_data_info(0)['img_path'].endswith(suffix)


def test_names_with_spaces_and_lists_with_labels(tmp_path):
    for name in ('IMG_1', 'IMG_1 (2)', 'IMG_1 (3)'):
        write(tmp_path, name, [('dog', (3, 3, 9, 9), 0)])
    listed = tmp_path / 'ImageSets/Main/train.txt'
    listed.write_text('IMG_1 (2)\nIMG_1  -1\nIMG_1 (3)  1\n')
    data = load(tmp_path)
    names = [Path(data.get_data_info(index)['img_path']).stem for index in range(3)]
    assert names == ['IMG_1 (2)', 'IMG_1', 'IMG_1 (3)']
    (tmp_path / 'JPEGImages/IMG_1 (3).jpg').unlink()
    with pytest.raises(UserError, match=r'lists IMG_1 \(3\), but'):
        load(tmp_path)


def test_an_empty_list_is_told(tmp_path):
    write(tmp_path, 'a', [('dog', (3, 3, 9, 9), 0)])
    (tmp_path / 'ImageSets/Main/train.txt').write_text('\n')
    with pytest.raises(UserError, match=r'train\.txt lists no image; put one name'):
        load(tmp_path)


def test_wrong_classes_are_told_with_the_names_found(tmp_path):
    write(tmp_path, 'a', [('queen', (3, 3, 9, 9), 0)])
    with pytest.raises(UserError, match=r"the annotations name \['queen'\]"):
        load(tmp_path)


def test_missing_and_broken_files_are_named(tmp_path):
    write(tmp_path, 'a', [('dog', (3, 3, 9, 9), 0)])
    annotation = tmp_path / 'Annotations/a.xml'
    text = annotation.read_text()
    annotation.write_text(text[:40])
    with pytest.raises(UserError, match=r'a\.xml is not a readable VOC annotation'):
        load(tmp_path)
    annotation.write_text(text)
    (tmp_path / 'JPEGImages/a.jpg').unlink()
    with pytest.raises(UserError, match=r'lists a, but .*JPEGImages/a\.\* does not exist'):
        load(tmp_path)


@pytest.mark.parametrize('suffix', ['jpg', 'png'])
def test_truncated_images_are_refused(tmp_path, suffix):
    path = tmp_path / f'a.{suffix}'
    noise = np.random.RandomState(0).randint(0, 255, (64, 64, 3), np.uint8)
    cv2.imwrite(str(path), noise)
    whole = path.read_bytes()
    assert LoadImage()(dict(img_path=str(path)))['img'].shape == (64, 64, 3)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match='truncated'):
        LoadImage()(dict(img_path=str(path)))
    path.write_bytes(b'')
    with pytest.raises(UserError, match='empty'):
        LoadImage()(dict(img_path=str(path)))


def test_text_with_an_image_suffix_is_refused(tmp_path):
    path = tmp_path / 'a.jpg'
    path.write_text('no image')
    with pytest.raises(UserError, match=r'a\.jpg cannot be read'):
        LoadImage()(dict(img_path=str(path)))


@pytest.mark.parametrize('shape', [(20, 30), (20, 30, 4)])
def test_grey_and_rgba_files_come_out_with_three_channels(tmp_path, shape):
    path = tmp_path / 'a.png'
    cv2.imwrite(str(path), np.full(shape, 100, np.uint8))
    assert LoadImage()(dict(img_path=str(path)))['img'].shape == (20, 30, 3)
