"""Pairs of LR and HR images from files: places, flips, crops, and trainings of the shipped configs."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from sr4ir_mm.apis.lr_pairs import write_pairs
from sr4ir_mm.datasets import CropPair, FlipLRImage, LoadLRImage
from sr4ir_mm.registry import TRANSFORMS
from sr4ir_mm.utils.errors import UserError

CONFIGS = Path(__file__).parents[2] / 'configs'
SCALE = 8


@pytest.fixture
def pairs(tmp_path):
    """The layout of make_lr.py, from images of ten classes in two splits."""
    rng = np.random.default_rng(0)
    for split in ('train', 'val'):
        for digit in range(10):
            path = tmp_path / f'source/{split}/{digit}/{digit}_a.jpg'
            path.parent.mkdir(parents=True)
            noise = rng.integers(0, 256, (9, 9, 3), dtype=np.uint8)
            cv2.imwrite(str(path), cv2.resize(noise, (70, 70)))
    hr, lr, count = write_pairs(tmp_path / 'source', tmp_path / 'pairs', SCALE)
    assert count == 20
    return hr, lr


def test_pairs_are_written_in_the_same_places(pairs):
    hr, lr = pairs
    names = sorted(str(path.relative_to(hr)) for path in hr.rglob('*.png'))

    assert names == sorted(str(path.relative_to(lr)) for path in lr.rglob('*.png'))
    assert len(names) == 20
    assert cv2.imread(str(hr / names[0])).shape == (64, 64, 3)
    assert cv2.imread(str(lr / names[0])).shape == (8, 8, 3)


def test_written_lr_images_are_those_made_in_training(pairs):
    from sr4ir_mm.models import BicubicDegradation

    hr, lr = (cv2.imread(str(folder / 'val/3/3_a.png')) for folder in pairs)
    made = BicubicDegradation(SCALE)(torch.from_numpy(hr).permute(2, 0, 1)[None] / 255) * 255

    assert np.array_equal(made[0].permute(1, 2, 0).round().byte().numpy(), lr)


def test_names_of_div2k():
    load = LoadLRImage('/DIV2K_train_HR/', '/DIV2K_train_LR_bicubic/X4/', name='{stem}x4{suffix}')

    path = load.lr_path('data/DIV2K/DIV2K_train_HR/0001.png')

    assert path == 'data/DIV2K/DIV2K_train_LR_bicubic/X4/0001x4.png'
    with pytest.raises(UserError, match='does not hold hr_dir'):
        load.lr_path('data/elsewhere/0001.png')


@pytest.mark.parametrize('library', ['mmdet', 'mmseg', 'mmpretrain'])
@pytest.mark.parametrize('direction', ['horizontal', 'vertical'])
def test_the_lr_image_follows_the_flip_of_any_library(library, direction):
    rng = np.random.default_rng(0)
    lr = rng.integers(0, 256, (6, 5, 3), dtype=np.uint8)
    hr = lr.repeat(4, 0).repeat(4, 1)
    flip = TRANSFORMS.build(dict(type=f'{library}.RandomFlip', prob=1.0, direction=direction))
    results = FlipLRImage()(flip(dict(img=hr, lr_img=lr, img_shape=(24, 20))))

    assert np.array_equal(results['lr_img'].repeat(4, 0).repeat(4, 1), results['img'])
    assert not np.array_equal(results['lr_img'], lr)


@pytest.mark.parametrize('size', [(24, 19), (22, 20)])
def test_images_with_cut_lr_pixels_are_not_flipped(size):
    """The cut pixel would come first, where the HR image has a whole one."""
    results = dict(img=np.zeros((*size, 3)), lr_img=np.zeros((6, 5, 3)))
    assert FlipLRImage()(dict(results, flip=False))
    with pytest.raises(UserError, match='cut ones; crop the pair before'):
        FlipLRImage()(dict(results, flip=True, flip_direction='horizontal'))


def test_crops_are_of_the_same_place():
    lr = np.arange(7 * 9 * 3, dtype=np.uint8).reshape(7, 9, 3)
    hr = lr.repeat(4, 0).repeat(4, 1)
    for seed in range(5):
        np.random.seed(seed)
        crop = CropPair(size=16, scale=4)
        results = crop(dict(img=hr, lr_img=lr, gt_seg_map=hr[..., 0], img_shape=hr.shape[:2]))
        assert results['img'].shape == (16, 16, 3)
        assert results['img_shape'] == (16, 16)
        assert np.array_equal(results['lr_img'].repeat(4, 0).repeat(4, 1), results['img'])
        assert np.array_equal(results['gt_seg_map'], results['img'][..., 0])


def sizes(hr, lr):
    """A pair of black images."""
    return dict(img=np.zeros((*hr, 3), np.uint8), lr_img=np.zeros((*lr, 3), np.uint8))


def test_crops_of_an_hr_side_that_is_no_multiple_are_whole():
    for _ in range(20):
        results = CropPair(size=8, scale=4)(sizes((13, 18), (4, 5)))
        assert results['img'].shape == (8, 8, 3)
        assert results['lr_img'].shape == (2, 2, 3)


def test_images_that_would_become_one_file_are_refused(tmp_path):
    for name in ('x/a.jpg', 'x/a.png', 'b.png'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / name), np.zeros((16, 16, 3), np.uint8))
    with pytest.raises(UserError, match=r'x/a\.jpg and .*x/a\.png would both become x/a\.png'):
        write_pairs(tmp_path, tmp_path / 'pairs', 4)
    assert not (tmp_path / 'pairs').exists()


@pytest.mark.parametrize(
    ('make', 'message'),
    [
        (lambda: CropPair(size=50, scale=4), 'take 48'),
        (lambda: CropPair(64, 4)(sizes((32, 80), (8, 20))), 'smaller crops'),
        (
            lambda: CropPair(64, 4)(sizes((1024, 512), (128, 64))),
            'has 64 x 128 px, but its HR image has 512 x 1024 px, which at scale 4 needs 128 x 256',
        ),
        (lambda: CropPair(8, 4)(sizes((33, 32), (8, 8))), 'needs 8 x 9'),
        (
            lambda: CropPair(8, 4)(dict(img=0, lr_img=np.zeros((8, 8, 3)), gt_bboxes=[1])),
            'cannot crop boxes',
        ),
    ],
)
def test_wrong_crops_are_told(make, message):
    with pytest.raises(UserError, match=message):
        make()


def train(config, data_root, work_dir):
    """One epoch of a shipped config on a miniature of its data."""
    cfg = Config.fromfile(CONFIGS / config)
    for name in ('train', 'val', 'test'):
        loader = cfg[f'{name}_dataloader']
        loader.dataset.data_root = f'{data_root}/'
        loader.batch_size = 5
    cfg.merge_from_dict({'train_cfg.max_epochs': 1, 'train_cfg.val_interval': 1})
    cfg.work_dir, cfg.visualizer.vis_backends = str(work_dir), []
    runner = Runner.from_cfg(cfg)
    before = {name: value.clone() for name, value in runner.model.named_parameters()}
    runner.train()
    parts = {n.split('.')[0] for n, v in runner.model.named_parameters() if (v != before[n]).any()}
    return runner, parts


def test_sr4ir_trains_on_stored_pairs(pairs, tmp_path):
    hr, lr = pairs
    # Not what would be made from the HR images: files are what counts.
    for path in lr.rglob('*.png'):
        cv2.imwrite(str(path), np.full((8, 8, 3), (0, 0, 200), np.uint8))
    runner, moved = train(
        'sr4ir/resnet18-tiny_subpixel-tiny_x8_signs-pairs.py', hr, tmp_path / 'work'
    )

    assert moved == {'sr_net', 'task_net'}
    assert runner.message_hub.get_scalar('val/sr/psnr').current() > 0
    batch = runner.model.data_preprocessor(next(iter(runner.val_dataloader)), False)['inputs']
    assert torch.allclose(batch.lr_rgb01[:, 0], torch.tensor(200 / 255))
    assert batch.lr_rgb01[:, 1:].max() == 0


def test_the_task_network_trains_on_labelled_lr_images(pairs, tmp_path):
    runner, moved = train('l2t/resnet18-tiny_x8_signs-lr.py', pairs[1], tmp_path / 'work')

    assert moved == {'task_net'}
    assert 0 <= runner.message_hub.get_scalar('val/accuracy/top1').current() <= 100
