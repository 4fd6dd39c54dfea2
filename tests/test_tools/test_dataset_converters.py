import json
import pickle
import re
import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from sr4ir_mm.utils.errors import UserError

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / 'tools' / 'dataset_converters'


@pytest.fixture
def convert(monkeypatch, capsys):
    """Run a converter as a user would; return exit code, stdout and stderr."""

    def run(name, *options):
        monkeypatch.syspath_prepend(str(TOOLS))
        monkeypatch.setattr(sys, 'argv', [name, *map(str, options)])
        code = 0
        try:
            runpy.run_path(str(TOOLS / f'{name}.py'), run_name='__main__')
        except SystemExit as stop:
            code = stop.code
        out, err = capsys.readouterr()
        return code, out, err

    return run


def image(path, height=6, width=8):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.zeros((height, width, 3), np.uint8))


# ---- VOC to COCO ------------------------------------------------------------------------------------


def voc_object(name, *corners, difficult=0):
    keys = ('xmin', 'ymin', 'xmax', 'ymax')
    box = ''.join(f'<{k}>{v}</{k}>' for k, v in zip(keys, corners, strict=True))
    return (
        f'<object><name>{name}</name><difficult>{difficult}</difficult>'
        f'<bndbox>{box}</bndbox></object>'
    )


def voc_xml(root, name, *objects, size='<size><width>8</width><height>6</height></size>'):
    path = root / 'Annotations' / f'{name}.xml'
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'<annotation>{size}{"".join(objects)}</annotation>')


@pytest.fixture
def voc(tmp_path):
    root = tmp_path / 'VOCdevkit' / 'VOC2012'
    image(root / 'JPEGImages' / '2008_1.jpg')
    image(root / 'JPEGImages' / '2008_2.png')
    voc_xml(
        root,
        '2008_1',
        voc_object('dog', 1, 2, 8, 6),
        voc_object('cat', 2, 2, 2.5, 4, difficult=1),
        voc_object('dog', 5, 5, 5, 6),
    )
    voc_xml(root, '2008_2', voc_object('cat', 3, 3, 4, 5), size='')
    lists = root / 'ImageSets' / 'Main'
    lists.mkdir(parents=True)
    (lists / 'train.txt').write_text('2008_1\n')
    (lists / 'val.txt').write_text('2008_2  1\n\n')
    return root


def test_voc_boxes_become_coco_boxes(voc, convert):
    code, out, _ = convert('voc2coco', voc)
    assert code == 0
    assert 'left out 1 boxes without area' in out
    train = json.loads((voc.parent / 'annotations' / 'voc12_train.json').read_text())
    assert train['categories'] == [dict(id=1, name='cat'), dict(id=2, name='dog')]
    assert train['images'] == [
        dict(id=1, file_name='VOC2012/JPEGImages/2008_1.jpg', width=8, height=6)
    ]
    dog, cat = train['annotations']
    assert (dog['bbox'], dog['area'], dog['category_id']) == ([0, 1, 8, 5], 40, 2)
    assert (cat['bbox'], cat['area'], cat['iscrowd']) == ([1, 1, 1.5, 3], 4.5, 0)
    assert cat['id'] != dog['id']
    val = json.loads((voc.parent / 'annotations' / 'voc12_val.json').read_text())
    assert val['images'][0]['file_name'] == 'VOC2012/JPEGImages/2008_2.png'
    assert (val['images'][0]['width'], val['images'][0]['height']) == (8, 6)  # from the image


def test_voc_result_is_read_by_pycocotools_and_mmdet(voc, convert):
    from mmdet.datasets import CocoDataset

    convert('voc2coco', voc)
    dataset = CocoDataset(
        data_root=str(voc.parent),
        ann_file='annotations/voc12_train.json',
        data_prefix=dict(img=''),
        metainfo=dict(classes=('cat', 'dog')),
        pipeline=[],
    )
    info = dataset.get_data_info(0)
    assert Path(info['img_path']).is_file()
    assert [i['bbox'] for i in info['instances']] == [[0, 1, 8, 6], [1, 1, 2.5, 4]]
    assert [i['bbox_label'] for i in info['instances']] == [1, 0]


def test_voc_classes_and_folder_can_be_chosen(voc, convert, tmp_path):
    code, out, _ = convert(
        'voc2coco', voc, '--classes', 'dog', '--splits', 'train', '--out', tmp_path / 'o'
    )
    assert code == 0
    assert "left out 1 boxes of class 'cat', which is not asked for" in out
    content = json.loads((tmp_path / 'o' / 'voc12_train.json').read_text())
    assert [a['category_id'] for a in content['annotations']] == [1]


def test_voc_agrees_with_the_data_set_that_reads_xml(voc, convert):
    from sr4ir_mm.datasets import VOCFormatDataset

    convert('voc2coco', voc)
    content = json.loads((voc.parent / 'annotations' / 'voc12_train.json').read_text())
    dataset = VOCFormatDataset(
        data_root=str(voc),
        ann_file='ImageSets/Main/train.txt',
        data_prefix=dict(sub_data_root=''),
        metainfo=dict(classes=('cat', 'dog')),
        pipeline=[],
    )
    boxes = [i['bbox'] for i in dataset.get_data_info(0)['instances']]
    assert [[x0, y0, x1 - x0, y1 - y0] for x0, y0, x1, y1 in boxes] == [
        a['bbox'] for a in content['annotations']
    ]


@pytest.mark.parametrize(
    ('damage', 'sentence'),
    [
        (lambda root: (root / 'ImageSets/Main/val.txt').unlink(), 'val.txt does not exist'),
        (lambda root: (root / 'JPEGImages/2008_2.png').unlink(), r'2008_2\.\* does not exist'),
        (lambda root: (root / 'Annotations/2008_2.xml').unlink(), '2008_2.xml does not exist'),
        (
            lambda root: (root / 'Annotations/2008_2.xml').write_text('<annotation>'),
            '2008_2.xml is not a readable VOC annotation',
        ),
        (lambda root: voc_xml(root, '2008_2', '<object/>'), 'not a readable VOC annotation'),
    ],
)
def test_voc_damage_is_one_sentence(voc, convert, damage, sentence):
    damage(voc)
    code, _, err = convert('voc2coco', voc)
    assert code == 2
    (line,) = [line for line in err.splitlines() if line.startswith('error: ')]
    assert re.search(sentence, line)


def test_voc_missing_or_other_classes(voc, convert, tmp_path):
    code, _, err = convert('voc2coco', tmp_path / 'none')
    assert code == 2
    assert 'none does not exist' in err
    assert 'VOCtrainval_11-May-2012.tar' in err
    code, _, err = convert('voc2coco', voc, '--classes', 'bird')
    assert code == 2
    assert "they name ['cat', 'dog']" in err


def test_voc_names_with_spaces(voc, convert):
    for name in ('2008_1 (2)', '2008_1 (3)'):
        image(voc / 'JPEGImages' / f'{name}.jpg')
        voc_xml(voc, name, voc_object('cat', 3, 3, 4, 5))
    listed = voc / 'ImageSets/Main/train.txt'
    listed.write_text('2008_1\n2008_1 (2) \n2008_1 (3)  -1\n2008_2  1\n')
    assert convert('voc2coco', voc)[0] == 0
    content = json.loads((voc.parent / 'annotations' / 'voc12_train.json').read_text())
    assert [Path(i['file_name']).stem for i in content['images']] == [
        '2008_1',
        '2008_1 (2)',
        '2008_1 (3)',
        '2008_2',
    ]
    # No other image for one that is missing.
    (voc / 'JPEGImages/2008_1 (3).jpg').unlink()
    code, _, err = convert('voc2coco', voc)
    assert code == 2
    assert 'lists 2008_1 (3), but' in err


def test_voc_folder_may_be_the_current_one(voc, convert, monkeypatch):
    monkeypatch.chdir(voc)
    assert convert('voc2coco', '.')[0] == 0
    content = json.loads((voc.parent / 'annotations' / 'voc12_train.json').read_text())
    assert content['images'][0]['file_name'] == 'VOC2012/JPEGImages/2008_1.jpg'


@pytest.mark.parametrize(
    ('tool', 'options'),
    [('voc2coco', []), ('voc2crops', []), ('voc2labelmaps', ['--classes', 'cat', 'dog'])],
)
def test_an_empty_voc_list_is_one_sentence(voc, convert, tmp_path, tool, options):
    (voc / 'ImageSets/Main/val.txt').write_text('\n')
    code, _, err = convert(tool, voc, '--out', tmp_path / 'o', *options)
    assert code == 2
    assert 'val.txt lists no image; put one name' in err


def turned(path, height=6, width=8):
    """An image on its side, as a camera writes it: loaded, it is ``height`` wide."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new('RGB', (width, height)).save(path, exif=exif)


@pytest.mark.parametrize('tool', ['voc2crops', 'voc2labelmaps'])
def test_boxes_of_the_unturned_image_are_refused(voc, convert, tmp_path, tool):
    turned(voc / 'JPEGImages' / '2008_1.jpg')
    options = ['--classes', 'cat', 'dog'] if tool == 'voc2labelmaps' else []
    code, _, err = convert(tool, voc, '--out', tmp_path / 'o', '--splits', 'train', *options)
    assert code == 2
    assert '2008_1.jpg is loaded as 6 x 8 px, but its annotation is for 8 x 6: its EXIF' in err
    assert not (tmp_path / 'o').exists()


@pytest.mark.parametrize(
    ('tool', 'target', 'options'),
    [
        ('voc2crops', 'train/dog/2008_1_0.png', ['--splits', 'train']),
        ('voc2labelmaps', '2008_1.png', ['--splits', 'train', '--classes', 'cat', 'dog']),
        ('make_lr', 'LRx2/JPEGImages/2008_1.png', ['--scale', 2]),
    ],
)
def test_a_full_disk_is_one_sentence(voc, convert, tmp_path, tool, target, options):
    path = tmp_path / 'o' / target
    path.parent.mkdir(parents=True)
    path.symlink_to('/dev/full')
    code, _, err = convert(tool, voc, '--out', tmp_path / 'o', *options)
    assert code == 2
    assert f'{path} cannot be written (No space left on device); free some space' in err


def test_voc2labelmaps_of_another_size_are_refused(voc, convert, tmp_path):
    image(voc / 'JPEGImages' / '2008_1.jpg', 12, 16)
    options = ['--out', tmp_path / 'o', '--splits', 'train', '--classes', 'cat', 'dog']
    code, _, err = convert('voc2labelmaps', voc, *options)
    assert code == 2
    assert 'is loaded as 16 x 12 px, but its annotation is for 8 x 6; correct' in err


def test_a_size_that_an_annotation_lacks_is_that_of_the_loaded_image(voc, convert):
    turned(voc / 'JPEGImages' / '2008_2.png')
    assert convert('voc2coco', voc)[0] == 0
    val = json.loads((voc.parent / 'annotations' / 'voc12_val.json').read_text())
    assert (val['images'][0]['width'], val['images'][0]['height']) == (6, 8)


# ---- Stanford Cars ----------------------------------------------------------------------------------

NAMES = np.array(['AM General Hummer SUV 2000', 'Ram C/V Cargo Van Minivan 2012'], dtype=object)


def struct(**columns):
    """MATLAB structure array, as in the devkit."""
    rows = list(zip(*columns.values(), strict=True))
    return np.array(rows, dtype=[(name, object) for name in columns])


@pytest.fixture
def cars_devkit(tmp_path):
    root = tmp_path / 'cars'
    (root / 'devkit').mkdir(parents=True)
    savemat(root / 'devkit/cars_meta.mat', dict(class_names=NAMES))
    savemat(
        root / 'devkit/cars_train_annos.mat',
        dict(annotations=struct(**{'class': [2, 1], 'fname': ['00001.jpg', '00002.jpg']})),
    )
    savemat(
        root / 'cars_test_annos_withlabels.mat',
        dict(annotations=struct(**{'class': [1], 'fname': ['00001.jpg']})),
    )
    for path in ('cars_train/00001.jpg', 'cars_train/00002.jpg', 'cars_test/00001.jpg'):
        image(root / path)
    return root


CARS = [
    'test/AM General Hummer SUV 2000/00001.jpg',
    'train/AM General Hummer SUV 2000/00002.jpg',
    'train/Ram C-V Cargo Van Minivan 2012/00001.jpg',
]


def files(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob('*') if p.is_file())


@pytest.mark.parametrize('options', [[], ['--copy']])
def test_cars_devkit(cars_devkit, convert, tmp_path, options):
    out = tmp_path / 'out'
    for _ in range(2):  # the second run changes nothing
        code, text, _ = convert('cars2folder', cars_devkit, '--out', out, *options)
        assert code == 0
        assert '2 train, 1 test images of 2 classes' in text
        assert files(out) == CARS
    assert (out / CARS[0]).is_symlink() == (not options)
    assert cv2.imread(str(out / CARS[0])).shape == (6, 8, 3)


def test_cars_one_list(convert, tmp_path):
    root = tmp_path / 'cars'
    names = ['car_ims/000001.jpg', 'car_ims/000002.jpg']
    for name in names:
        image(root / name)
    annotations = struct(relative_im_path=names, **{'class': [1, 2], 'test': [0, 1]})
    savemat(root / 'cars_annos.mat', dict(annotations=annotations, class_names=NAMES))
    assert convert('cars2folder', root, '--out', tmp_path / 'out')[0] == 0
    assert files(tmp_path / 'out') == [
        'test/Ram C-V Cargo Van Minivan 2012/000002.jpg',
        'train/AM General Hummer SUV 2000/000001.jpg',
    ]


def test_cars_kaggle_folders_and_lists(convert, tmp_path):
    from mmpretrain.datasets import CustomDataset

    root = tmp_path / 'cars'
    for name in CARS:
        image(root / 'car_data' / 'car_data' / name)
    assert convert('cars2folder', root, '--out', tmp_path / 'out')[0] == 0
    assert files(tmp_path / 'out') == CARS
    code, _, _ = convert('cars2folder', root, '--out', tmp_path / 'lists', '--layout', 'list')
    assert code == 0
    folders, lists = (
        CustomDataset(**kwargs, pipeline=[])
        for kwargs in (
            dict(data_root=str(tmp_path / 'out'), data_prefix='train'),
            dict(
                data_root=str(root),
                ann_file=str(tmp_path / 'lists/meta/train.txt'),
                classes=str(tmp_path / 'lists/meta/classes.txt'),
            ),
        )
    )
    assert folders.CLASSES == lists.CLASSES
    assert folders.get_gt_labels().tolist() == lists.get_gt_labels().tolist() == [0, 1]
    assert Path(lists.get_data_info(0)['img_path']).is_file()


@pytest.mark.parametrize(
    ('damage', 'sentence'),
    [
        ('devkit/cars_meta.mat', 'cars_meta.mat does not exist; get the data set from https://'),
        ('cars_test_annos_withlabels.mat', 'devkit/cars_test_annos_withlabels.mat does not exist'),
        (
            'cars_train/00002.jpg',
            'cars_train/00002.jpg does not exist, but the annotations list it',
        ),
    ],
)
def test_cars_missing_file_is_one_sentence(cars_devkit, convert, tmp_path, damage, sentence):
    (cars_devkit / damage).unlink()
    code, _, err = convert('cars2folder', cars_devkit, '--out', tmp_path / 'out')
    assert code == 2
    assert sentence in err
    assert 'Traceback' not in err


def test_cars_other_folder_or_damaged_file(cars_devkit, convert, tmp_path):
    code, _, err = convert('cars2folder', tmp_path / 'none')
    assert code == 2
    assert 'none does not exist; get the data set from https://www.kaggle.com' in err
    code, _, err = convert('cars2folder', tmp_path)
    assert code == 2
    assert 'holds no Stanford Cars' in err
    (cars_devkit / 'devkit/cars_meta.mat').write_bytes(b'<html>not found</html>')
    code, _, err = convert('cars2folder', cars_devkit)
    assert code == 2
    assert 'cars_meta.mat is no annotation file' in err


# ---- CUB-200-2011 -----------------------------------------------------------------------------------


@pytest.fixture
def cub(tmp_path):
    root = tmp_path / 'CUB_200_2011'
    paths = ['001.Albatross/a_1.jpg', '002.Auklet/b_1.jpg', '002.Auklet/b_2.jpg']
    for path in paths:
        image(root / 'images' / path)
    tables = dict(
        images=paths,
        image_class_labels=['1', '2', '2'],
        train_test_split=['0', '1', '0'],
        classes=['001.Albatross', '002.Auklet'],
    )
    for name, values in tables.items():
        lines = [f'{index} {value}\n' for index, value in enumerate(values, 1)]
        (root / f'{name}.txt').write_text(''.join(lines))
    return root


def test_cub(cub, convert, tmp_path):
    code, out, _ = convert('cub2folder', cub, '--out', tmp_path / 'out')
    assert code == 0
    assert '1 train, 2 test images of 2 classes' in out
    assert files(tmp_path / 'out') == [
        'test/001.Albatross/a_1.jpg',
        'test/002.Auklet/b_2.jpg',
        'train/002.Auklet/b_1.jpg',
    ]


def test_cub_lists(cub, convert, tmp_path):
    assert convert('cub2folder', cub, '--out', tmp_path, '--layout', 'list')[0] == 0
    assert (tmp_path / 'meta/test.txt').read_text() == (
        'images/001.Albatross/a_1.jpg 0\nimages/002.Auklet/b_2.jpg 1\n'
    )


@pytest.mark.parametrize('name', ['images.txt', 'classes.txt', 'train_test_split.txt'])
def test_cub_missing_file_is_one_sentence(cub, convert, tmp_path, name):
    (cub / name).unlink()
    code, _, err = convert('cub2folder', cub, '--out', tmp_path / 'out')
    assert code == 2
    assert f'{name} does not exist; get the data set from https://data.caltech.edu' in err


def test_cub_lists_that_do_not_match(cub, convert, tmp_path):
    (cub / 'train_test_split.txt').write_text('1 0\n')
    code, _, err = convert('cub2folder', cub, '--out', tmp_path / 'out')
    assert code == 2
    assert "entry '2' of images.txt has no class or split" in err
    (cub / 'images.txt').write_text('1\n')
    assert '"<number> <value>"' in convert('cub2folder', cub)[2]


# ---- VOC to crops -----------------------------------------------------------------------------------


def test_voc2crops_cuts_every_object_with_area(convert, tmp_path):
    root = tmp_path / 'set'
    pixels = np.arange(6 * 8 * 3, dtype=np.uint8).reshape(6, 8, 3)
    (root / 'JPEGImages').mkdir(parents=True)
    cv2.imwrite(str(root / 'JPEGImages' / 'a.png'), pixels)
    objects = [voc_object('cat', 2, 3, 5, 4), voc_object('dog', 1, 1, 8, 6)]
    voc_xml(root, 'a', *objects, voc_object('cat', 3, 3, 3, 3))
    (root / 'ImageSets' / 'Main').mkdir(parents=True)
    (root / 'ImageSets' / 'Main' / 'train.txt').write_text('a\n')

    code, out, _ = convert(
        'voc2crops', root, '--splits', 'train', '--out', tmp_path / 'crops', '--margin', '0'
    )

    assert code == 0
    assert '2 objects' in out
    assert np.array_equal(cv2.imread(str(tmp_path / 'crops/train/cat/a_0.png')), pixels[2:4, 1:5])
    assert np.array_equal(cv2.imread(str(tmp_path / 'crops/train/dog/a_1.png')), pixels)


def test_voc2crops_margin_ends_at_the_edge(convert, tmp_path):
    root = tmp_path / 'set'
    image(root / 'JPEGImages' / 'a.png')
    voc_xml(root, 'a', voc_object('cat', 1, 1, 4, 2))
    (root / 'ImageSets' / 'Main').mkdir(parents=True)
    (root / 'ImageSets' / 'Main' / 'train.txt').write_text('a\n')

    options = ['--splits', 'train', '--out', tmp_path / 'crops', '--margin', '0.5']
    assert convert('voc2crops', root, *options)[0] == 0

    assert cv2.imread(str(tmp_path / 'crops/train/cat/a_0.png')).shape == (4, 6, 3)


def test_voc2crops_refuses_crops_of_other_labels(convert, voc, tmp_path):
    options = ['--splits', 'train', '--out', tmp_path / 'crops']
    for _ in range(2):  # the same ones are written anew
        assert convert('voc2crops', voc, *options)[0] == 0
    before = files(tmp_path / 'crops')
    assert before == ['train/cat/2008_1_1.png', 'train/dog/2008_1_0.png']

    voc_xml(voc, '2008_1', voc_object('cat', 1, 2, 8, 6))
    code, _, err = convert('voc2crops', voc, *options)

    assert code == 2
    assert 'train holds 2 images that these annotations do not give, such as' in err
    assert files(tmp_path / 'crops') == before


def test_voc2crops_leaves_out_boxes_outside_the_image(convert, voc, tmp_path):
    outside = [voc_object('dog', 9, 2, 12, 6), voc_object('dog', -5, 2, 0, 4)]
    voc_xml(voc, '2008_1', *outside, voc_object('cat', 7, 5, 20, 20))
    code, out, _ = convert('voc2crops', voc, '--splits', 'train', '--out', tmp_path / 'crops')
    assert code == 0
    assert '1 objects\n  left out 2 boxes outside their images: VOC2012/JPEGImages/2008_1' in out
    assert files(tmp_path / 'crops') == ['train/cat/2008_1_2.png']


# ---- VOC to label maps ------------------------------------------------------------------------------


@pytest.fixture
def boxes(tmp_path):
    """One image of 8 x 6 px: a dog all over (counted from 0), a cat on it, and a box without area."""
    root = tmp_path / 'set'
    image(root / 'JPEGImages' / 'a.png')
    cat, flat = voc_object('cat', 2, 3, 5, 4), voc_object('cat', 3, 3, 3, 3)
    voc_xml(root, 'a', cat, voc_object('dog', 0, 0, 8, 6), flat)
    (root / 'ImageSets' / 'Main').mkdir(parents=True)
    (root / 'ImageSets' / 'Main' / 'train.txt').write_text('a\n')
    return root


def test_voc2labelmaps_fills_boxes_the_small_ones_on_top(convert, boxes, tmp_path):
    options = ['--splits', 'train', '--classes', 'cat', 'dog', '--out', tmp_path / 'labels']
    code, out, _ = convert('voc2labelmaps', boxes, *options)

    assert code == 0
    assert '1 label maps of train' in out
    labels = cv2.imread(str(tmp_path / 'labels' / 'a.png'), cv2.IMREAD_UNCHANGED)
    assert labels[2:4, 1:5].tolist() == [[1] * 4] * 2
    assert (labels == 1).sum() == 8
    assert labels.shape == (6, 8)
    assert (labels == 2).sum() == labels.size - 8


def test_voc2labelmaps_names_a_class_that_was_not_asked_for(convert, boxes, tmp_path):
    options = ['--splits', 'train', '--classes', 'cat', '--out', tmp_path / 'labels']
    code, _, err = convert('voc2labelmaps', boxes, *options)

    assert code == 2
    assert "class 'dog'; expected one of ['cat']" in err


# ---- hand signs -------------------------------------------------------------------------------------


def test_hand_signs_are_unpacked_once(tmp_path, convert):
    out = tmp_path / 'signs'
    assert convert('make_hand_signs', '--out', out)[:2] == (0, f'{out}: 1642 + 417 images, made\n')
    assert cv2.imread(str(next(out.glob('val/9/*.jpg')))).shape == (70, 70, 3)

    assert convert('make_hand_signs', '--out', out)[1].endswith('there already\n')

    next(out.glob('train/3/*.jpg')).unlink()
    code, _, err = convert('make_hand_signs', '--out', out)
    assert code == 2
    assert "'train': 1641" in err


def test_a_damaged_archive_of_hand_signs_leaves_nothing_behind(tmp_path):
    unpack = runpy.run_path(str(TOOLS / 'make_hand_signs.py'))['unpack']
    damaged = tmp_path / 'damaged.zip'
    damaged.write_bytes((ROOT / 'demo/data/hand_signs.zip').read_bytes()[:100_000])

    with pytest.raises(UserError, match='cannot be unpacked'):
        unpack(tmp_path / 'signs', damaged)

    assert not (tmp_path / 'signs').exists()


# ---- detections to crops ----------------------------------------------------------------------------


def detections(path, image_path, boxes, scores, labels, objects):
    """A file as ``tools/test.py --out`` writes it."""
    found = dict(bboxes=np.float32(boxes), scores=np.float32(scores), labels=np.int64(labels))
    instances = [dict(bbox=box, bbox_label=label, ignore_flag=0) for box, label in objects]
    sample = dict(img_path=str(image_path), pred_instances=found, instances=instances)
    path.write_bytes(pickle.dumps([sample]))


@pytest.fixture
def found(tmp_path):
    """One image, an object at 4..20 x 4..20 of class 2; a good box, a shifted one, background, a tiny one."""
    path = tmp_path / 'image_7.png'
    pixels = np.random.default_rng(0).integers(0, 255, (40, 48, 3)).astype(np.uint8)
    cv2.imwrite(str(path), pixels)
    boxes = [[4, 4, 20, 20], [6.2, 4, 22, 20], [30, 20, 60, 60], [0, 0, 3, 30]]
    arguments = (path, boxes, [0.5, 0.9, 0.3, 0.8], [2, 1, 0, 0], [([4, 4, 20, 20], 2)])
    for split in ('train', 'val'):
        detections(tmp_path / f'{split}.pkl', *arguments)
    return tmp_path, pixels


def crop_options(folder):
    out = folder / 'crops'
    options = ('--train', folder / 'train.pkl', '--val', folder / 'val.pkl', '--out', out)
    return 'detections2crops', *options, '--classes', 3


def test_detections_become_crops(found, convert):
    folder, pixels = found
    code, out, err = convert(*crop_options(folder), '--side', 16)
    assert (code, 'val: 2 crops of objects, 1 of background' in out) == (0, True), err
    shifted, exact, nothing = json.loads((folder / 'crops/val.json').read_text())['data_list']
    # The best score first; sides below 6 px are left out, and boxes end where the image does.
    assert [crop['box'] for crop in (shifted, exact, nothing)] == [
        [6, 4, 22, 20],
        [4, 4, 20, 20],
        [30, 20, 48, 40],
    ]
    assert [crop['gt_label'] for crop in (shifted, exact, nothing)] == [2, 2, 3]
    assert [crop['detected_label'] for crop in (shifted, exact, nothing)] == [1, 2, 0]
    # Two pixels to the left of a width of 16, by a standard deviation of 0.1.
    assert shifted['box_deltas'] == pytest.approx([-2 / 16 / 0.1, 0, 0, 0], abs=1e-5)
    assert exact['box_deltas'] == nothing['box_deltas'] == [0, 0, 0, 0]
    crop = cv2.imread(str(folder / 'crops' / exact['img_path']))
    assert np.array_equal(crop, pixels[4:20, 4:20])


def test_background_is_no_class(found, convert):
    folder, _ = found
    name, *options = crop_options(folder)
    code, _, err = convert(name, *options[:-1], 2)
    assert code == 2
    assert 'train.pkl holds label 2, but --classes 2 counts from 0 to 1' in err
    assert not (folder / 'crops').exists()
    code, _, err = convert(name, *options[:-2])
    assert code == 2
    assert 'required: --classes' in err


def test_detections_on_a_full_disk(found, convert):
    folder, _ = found
    path = folder / 'crops/train/image_7_0.png'
    path.parent.mkdir(parents=True)
    path.symlink_to('/dev/full')
    code, _, err = convert(*crop_options(folder))
    assert code == 2
    assert f'{path} cannot be written (No space left on device)' in err


def test_crops_are_a_data_set(found, convert):
    from mmpretrain.datasets import BaseDataset, PackInputs

    folder, _ = found
    convert(*crop_options(folder))
    data = BaseDataset('train.json', data_root=str(folder / 'crops'), pipeline=[])
    info = data[0]
    assert Path(info['img_path']).is_file()
    packed = PackInputs(algorithm_keys=('box_deltas',))({**info, 'img': np.zeros((4, 4, 3))})
    assert int(packed['data_samples'].gt_label) == 2
    assert len(packed['data_samples'].box_deltas) == 4


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda folder: (folder / 'val.pkl').unlink(), 'val.pkl does not exist; write it with'),
        (lambda folder: (folder / 'val.pkl').write_bytes(pickle.dumps([{}])), 'lacks predicted'),
        (
            lambda folder: (folder / 'image_7.png').write_bytes(b''),
            'image_7.png cannot be read (the file is empty)',
        ),
        (
            lambda folder: detections(
                folder / 'train.pkl', folder / 'image_7.png', np.zeros((0, 4)), [], [], []
            ),
            'holds no box with a score of 0.05 that is 6 px',
        ),
    ],
)
def test_detections_that_make_no_crops(found, convert, change, message):
    folder, _ = found
    change(folder)
    code, _, err = convert(*crop_options(folder))
    assert code == 2
    assert message in err
