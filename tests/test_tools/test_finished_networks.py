"""tools/test.py without a checkpoint: finished networks one behind the other, as FDSR is evaluated."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmdet.datasets import CocoDataset
from torch import nn

from sr4ir_mm.models.checkpoint import load_finished_nets
from sr4ir_mm.testing.samples import make_image
from sr4ir_mm.utils.errors import UserError
from tests import toy

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def coco(tmp_path):
    """Two images of COCO's validation set, generated."""
    (tmp_path / 'val2017').mkdir()
    (tmp_path / 'annotations').mkdir()
    images, rng = [], np.random.default_rng(0)
    for index, (height, width) in enumerate(((90, 121), (100, 80))):
        image = make_image((height, width), rng).permute(1, 2, 0).numpy()
        cv2.imwrite(str(tmp_path / f'val2017/{index}.jpg'), image)
        images.append(dict(id=index, file_name=f'{index}.jpg', width=width, height=height))
    box = dict(id=1, image_id=0, category_id=1, bbox=[4, 4, 60, 70], area=4200, iscrowd=0)
    categories = [dict(id=i + 1, name=n) for i, n in enumerate(CocoDataset.METAINFO['classes'])]
    content = dict(images=images, annotations=[box], categories=categories)
    (tmp_path / 'annotations/instances_val2017.json').write_text(json.dumps(content))
    return tmp_path


def test_a_detector_that_is_not_retrained_is_evaluated_behind_an_sr_net(coco):
    config = ROOT / 'configs/fdsr/retinanet-r50_bicubic_x4_coco.py'
    options = [
        f'test_dataloader.dataset.data_root={coco}',
        f'test_evaluator.0.ann_file={coco}/annotations/instances_val2017.json',
        'test_dataloader.num_workers=0',
        'model.init_from.task_net=random',
        'model.adapter.resize.short=96',
        'model.adapter.resize.long=160',
        'model.task_net.test_cfg.score_thr=0.0',
        'model.task_net.backbone.depth=18',
        'model.task_net.neck.in_channels=[64,128,256,512]',
    ]
    # As the scheduler calls it: an option stands before the checkpoint.
    place = ['--work-dir', coco / 'work_dir', 'none']
    done = subprocess.run(
        [sys.executable, ROOT / 'tools/test.py', config, *place, '--cfg-options', *options],
        cwd=coco,
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
        capture_output=True,
        text=True,
        timeout=240,
    )

    assert done.returncode == 0, done.stderr[-2000:]
    output = done.stdout + done.stderr
    for metric in ('bbox_mAP:', 'bbox_mAP_s:', 'bbox_mAP_m:', 'bbox_mAP_l:', 'sr/psnr', 'sr/fsim'):
        assert metric in output


def test_finished_networks_are_loaded_without_initialising_anything(tmp_path):
    donor, model = toy.build('cls'), toy.build('cls')
    for name in ('sr_net', 'task_net'):
        torch.save(donor.nets()[name].state_dict(), tmp_path / f'{name}.pth')
    model.init_from = {name: str(tmp_path / f'{name}.pth') for name in ('sr_net', 'task_net')}

    load_finished_nets(model)

    assert not toy.changed(toy.snapshot(donor), model)


def test_a_network_without_parameters_needs_no_weights(tmp_path):
    model = toy.build('cls')
    torch.save(model.task_net.state_dict(), tmp_path / 'task.pth')
    model.sr_net = nn.Upsample(scale_factor=4)
    model.init_from = dict(task_net=str(tmp_path / 'task.pth'))

    load_finished_nets(model)

    model.init_from = {}
    with pytest.raises(UserError, match='names no weights of task_net'):
        load_finished_nets(model)
