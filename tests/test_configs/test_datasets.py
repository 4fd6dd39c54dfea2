"""The data sets of the benchmark configs, on a few generated files in the documented layout."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DATASETS, DefaultScope
from PIL import Image
from torchvision.transforms import InterpolationMode
from torchvision.transforms.functional import resize

CONFIGS = Path(__file__).parents[2] / 'configs'
SIZE = (333, 500)  # 520 / 333 * 500 is 780.8, which torchvision cuts to 780


def write_image(path, size=SIZE):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.random.default_rng(0).integers(0, 256, (size[0] // 9, size[1] // 9, 3), np.uint8)
    # A PNG, whatever the name says, so that all decoders agree on the pixels.
    data = cv2.imencode('.png', cv2.resize(image, size[::-1], interpolation=cv2.INTER_CUBIC))[1]
    path.write_bytes(data.tobytes())


def make_voc(root):
    write_image(root / 'JPEGImages/2007_000001.jpg')
    labels = np.random.default_rng(1).integers(0, 21, SIZE).astype(np.uint8)
    labels[:9] = 255
    (root / 'SegmentationClass').mkdir()
    Image.fromarray(labels).save(root / 'SegmentationClass/2007_000001.png')
    for split in ('train', 'val'):
        path = root / f'ImageSets/Segmentation/{split}.txt'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('2007_000001\n')


def make_cars(root):
    for split in ('train', 'test'):
        for name in ('BMW M3 Coupe 2012', 'Acura RL Sedan 2012'):
            write_image(root / split / name / '00001.jpg')


def make_cub(root):
    names = [f'{i:03d}.Bird/bird_{i}.jpg' for i in (1, 2)]
    for name in names:
        write_image(root / 'images' / name)
    root.joinpath('images.txt').write_text(
        ''.join(f'{i + 1} {name}\n' for i, name in enumerate(names))
    )
    root.joinpath('image_class_labels.txt').write_text('1 1\n2 2\n')
    root.joinpath('train_test_split.txt').write_text('1 1\n2 0\n')


def make_coco(root):
    for split in ('train', 'val'):
        write_image(root / f'{split}2017/1.jpg', (400, 500))
        write_image(root / f'{split}2017/2.jpg', SIZE)
        images = [
            dict(id=1, file_name='1.jpg', width=500, height=400),
            dict(id=2, file_name='2.jpg', width=SIZE[1], height=SIZE[0]),
        ]
        content = dict(images=images, annotations=[], categories=[dict(id=1, name='person')])
        path = root / f'annotations/instances_{split}2017.json'
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content))


OBJECT = (
    '<object><name>dog</name><difficult>{}</difficult><bndbox><xmin>11</xmin><ymin>21</ymin><xmax>60</xmax>'
    '<ymax>80</ymax></bndbox></object>'
)


def make_voc07(root):
    write_image(root / 'JPEGImages/000001.jpg')
    size = f'<size><width>{SIZE[1]}</width><height>{SIZE[0]}</height></size>'
    objects = OBJECT.format(0) + OBJECT.format(1)
    (root / 'Annotations').mkdir()
    (root / 'Annotations/000001.xml').write_text(f'<annotation>{size}{objects}</annotation>')
    for split in ('trainval', 'test'):
        path = root / f'ImageSets/Main/{split}.txt'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('000001\n')


def make_coco_stuff(root):
    for split in ('train', 'val'):
        write_image(root / f'images/{split}2017/1.jpg')
        labels = np.random.default_rng(1).integers(0, 171, SIZE).astype(np.uint8)
        folder = root / f'annotations/{split}2017'
        folder.mkdir(parents=True)
        Image.fromarray(labels).save(folder / '1_labelTrainIds.png')


def make_sample_scenes(root):
    path = root / 'JPEGImages/0001.png'
    write_image(path, (96, 96))
    (root / 'SegmentationClass').mkdir()
    labels = np.random.default_rng(1).integers(0, 4, (96, 96)).astype(np.uint8)
    Image.fromarray(labels).save(root / 'SegmentationClass/0001.png')
    for split in ('train', 'val'):
        path = root / f'ImageSets/Segmentation/{split}.txt'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('0001\n')


def make_sbd(root):
    make_voc(root)
    write_image(root / 'JPEGImages/2008_000002.jpg')
    (root / 'SegmentationClassAug').mkdir()
    labels = np.full(SIZE, 3, np.uint8)
    Image.fromarray(labels).save(root / 'SegmentationClassAug/2008_000002.png')
    (root / 'ImageSets/Segmentation/aug.txt').write_text('2008_000002\n')


def make_coco_boxes(root):
    for split in ('train', 'val'):
        write_image(root / f'{split}2017/000000000009.jpg')
        image = dict(id=9, file_name='000000000009.jpg', width=SIZE[1], height=SIZE[0])
        box = dict(id=1, image_id=9, category_id=18, bbox=[10, 20, 100, 90], area=9000, iscrowd=0)
        # Category ids have gaps: the dog is 18 there, and by the names the 17th of 80 labels.
        names = coco_names()
        categories = [dict(id=index + 2, name=name) for index, name in enumerate(names)]
        path = root / f'annotations/instances_{split}2017.json'
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(dict(images=[image], annotations=[box], categories=categories)))


def coco_names():
    from mmdet.datasets import CocoDataset

    return CocoDataset.METAINFO['classes']


def make_div2k(root):
    write_image(root / 'DIV2K_train_HR/0001.png', (404, 510))
    write_image(root / 'DIV2K_valid_HR/0801.png', (404, 510))


MAKERS = {
    'voc_segmentation_sbd': make_sbd,
    'coco_detection': make_coco_boxes,
    'div2k': make_div2k,
    'div2k_x8': make_div2k,
    'coco_stuff': make_coco_stuff,
    'sample_segmentation': make_sample_scenes,
    'voc_segmentation': make_voc,
    'cars': make_cars,
    'cub': make_cub,
    'coco_large': make_coco,
    'voc07': make_voc07,
}


def build(name, split, tmp_path):
    MAKERS[name](tmp_path)
    cfg = Config.fromfile(CONFIGS / f'_base_/datasets/{name}.py')
    dataset = cfg[f'{split}_dataloader'].dataset
    for part in dataset.get('datasets', [dataset]):
        part.data_root = str(tmp_path)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        return DATASETS.build(dataset)


def test_segmentation_training_crops(tmp_path):
    dataset = build('voc_segmentation', 'train', tmp_path)

    item = dataset[0]

    assert len(dataset) == 1
    assert item['inputs'].shape == (3, 480, 480)
    assert item['inputs'].dtype == torch.uint8
    assert item['data_samples'].gt_sem_seg.data.shape == (1, 480, 480)


def test_segmentation_is_evaluated_at_the_resized_size_as_in_torchvision(tmp_path):
    dataset = build('voc_segmentation', 'val', tmp_path)

    item = dataset[0]

    image = Image.fromarray(cv2.imread(str(tmp_path / 'JPEGImages/2007_000001.jpg')))
    label = Image.open(tmp_path / 'SegmentationClass/2007_000001.png')
    expected = torch.from_numpy(np.array(resize(image, 520))).permute(2, 0, 1)
    assert torch.equal(item['inputs'], expected)
    assert item['inputs'].shape == (3, 520, 780)
    assert item['data_samples'].ori_shape == (520, 780)
    expected_label = np.array(resize(label, 520, InterpolationMode.NEAREST))
    assert np.array_equal(item['data_samples'].gt_sem_seg.data[0].numpy(), expected_label)


@pytest.mark.parametrize('name', ['cars', 'cub'])
def test_classification_sizes_and_labels(tmp_path, name):
    train = build(name, 'train', tmp_path / 'train_copy')
    test = build(name, 'val', tmp_path / 'test_copy')

    assert train[0]['inputs'].shape == test[0]['inputs'].shape == (3, 224, 224)
    assert [int(item['data_samples'].gt_label) for item in train] == (
        [0, 1] if name == 'cars' else [0]
    )
    assert [int(item['data_samples'].gt_label) for item in test] == (
        [0, 1] if name == 'cars' else [1]
    )


def test_classification_resizes_as_torchvision(tmp_path):
    test = build('cars', 'val', tmp_path)

    inputs = test[0]['inputs']

    image = Image.fromarray(cv2.imread(str(tmp_path / 'test/BMW M3 Coupe 2012/00001.jpg')))
    resized = torch.from_numpy(np.array(resize(image, 256))).permute(2, 0, 1)
    left, top = round((resized.shape[2] - 224) / 2), 16
    assert torch.equal(inputs, resized[:, top : top + 224, left : left + 224])


def test_fdsr_trains_on_crops_of_large_images_and_is_tested_at_native_size(tmp_path):
    train = build('coco_large', 'train', tmp_path / 'train_copy')
    test = build('coco_large', 'val', tmp_path / 'test_copy')

    assert len(train) == 1
    assert train[0]['inputs'].shape == (3, 384, 384)
    assert [tuple(item['inputs'].shape) for item in test] == [(3, 400, 500), (3, *SIZE)]
    assert test[1]['data_samples'].img_id == 2


def test_voc_2007_is_made_of_squares_and_judged_in_its_own_size(tmp_path):
    train = build('voc07', 'train', tmp_path / 'train_copy')
    test = build('voc07', 'val', tmp_path / 'test_copy')

    for item in (train[0], test[0]):
        assert item['inputs'].shape == (3, 300, 300)
        assert len(item['data_samples'].gt_instances) == 1  # the other is difficult
        assert len(item['data_samples'].ignored_instances) == 1
    boxes = test[0]['data_samples'].gt_instances.bboxes
    # The last pixel is inside, as VOCMetric counts.
    assert boxes.tensor.tolist() == [[10, 20, 59, 79]]


def test_sbd_adds_its_own_label_maps(tmp_path):
    dataset = build('voc_segmentation_sbd', 'train', tmp_path)

    assert len(dataset) == 2
    first, second = (dataset[index]['data_samples'].gt_sem_seg.data for index in range(2))
    assert len(first.unique()) > 5
    assert set(second.unique().tolist()) <= {3, 255}


@pytest.mark.parametrize('split', ['train', 'val'])
def test_coco_boxes_come_at_native_size(tmp_path, split):
    (item,) = build('coco_detection', split, tmp_path)

    instances = item['data_samples'].gt_instances
    assert item['inputs'].shape == (3, *SIZE)
    assert instances.labels.tolist() == [16]
    boxes = getattr(instances.bboxes, 'tensor', instances.bboxes)
    assert (boxes[0, 3] - boxes[0, 1]).item() == 90


@pytest.mark.parametrize(('name', 'side'), [('div2k', 192), ('div2k_x8', 384)])
def test_div2k_crops_and_has_no_labels(tmp_path, name, side):
    (train,) = build(name, 'train', tmp_path / 'a')
    (whole,) = build(name, 'val', tmp_path / 'b')

    assert train['inputs'].shape == (3, side, side)
    assert whole['inputs'].shape == (3, 404, 510)
    assert 'gt_label' not in train['data_samples']


@pytest.mark.parametrize(
    ('name', 'train_size', 'size', 'classes'),
    [('coco_stuff', (333, 480), SIZE, 171), ('sample_segmentation', (96, 96), (96, 96), 4)],
)
def test_label_maps_of_the_shared_decoder(tmp_path, name, train_size, size, classes):
    train = build(name, 'train', tmp_path / 'train_copy')
    test = build(name, 'val', tmp_path / 'test_copy')

    for item, expected in ((train[0], train_size), (test[0], size)):
        assert item['inputs'].shape == (3, *expected)
        labels = item['data_samples'].gt_sem_seg.data
        assert labels.shape == (1, *expected)
        assert labels.max() == classes - 1
    assert len(train.metainfo['classes']) == classes
