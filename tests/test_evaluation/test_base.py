import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.structures import BaseDataElement

from sr4ir_mm.evaluation import PSNR, SSIM
from sr4ir_mm.utils.errors import UserError
from tests.test_evaluation.samples import data_samples

ROOT = Path(__file__).parents[2]


class Boxes(BaseMetric):
    """Stands for the task library's own metric."""

    default_prefix = 'coco'

    def process(self, data_batch, data_samples):
        self.results += [1.0 for _ in data_samples]

    def compute_metrics(self, results):
        return dict(bbox_mAP=sum(results) / len(results))


def test_stands_beside_the_task_metric_and_bilinear():
    evaluator = Evaluator(
        [
            Boxes(),
            dict(type='sr4ir_mm.PSNR'),
            dict(type='sr4ir_mm.PSNR', image='up_rgb01'),
            dict(type='sr4ir_mm.SSIM', prefix='mine'),
        ]
    )
    samples = []
    for sample in data_samples(3):
        element = BaseDataElement()
        for key, value in sample.items():
            element.set_field(value, key)
        samples.append(element)
    evaluator.process(samples, None)
    metrics = evaluator.evaluate(len(samples))
    assert set(metrics) == {'coco/bbox_mAP', 'sr/psnr', 'up/psnr', 'mine/ssim'}
    assert metrics['sr/psnr'] > metrics['up/psnr']


def test_names_are_not_taken_for_losses_or_learning_rates():
    for metric in (PSNR(), SSIM()):
        for name in metric.names:
            assert 'loss' not in name
            assert not name.endswith('lr')


def test_border_is_left_out():
    (sample,) = data_samples(1)
    metric = PSNR(crop_border=8)
    metric.process(None, [sample])
    changed = sample['sr_rgb01'].clone()
    changed[:, :8] = changed[:, -8:] = 0
    changed[..., :8] = changed[..., -8:] = 0
    metric.process(None, [dict(sample, sr_rgb01=changed)])
    changed[:, 8, 20] = 1 - changed[:, 8, 20].round()
    metric.process(None, [dict(sample, sr_rgb01=changed)])
    assert metric.results[0] == metric.results[1] != metric.results[2]


def test_quantises_both_images_unless_told_not_to():
    reference = torch.full((3, 32, 32), 100 / 255)
    image = reference + 0.4 / 255
    image[0] = 100 / 255 + 0.6 / 255
    results = {}
    for quantize in (True, False):
        metric = PSNR(quantize=quantize)
        metric.process(None, [dict(sr_rgb01=image, hr_rgb01=reference)])
        results[quantize] = metric.results[0][0]
    error = torch.tensor([1 / 3, (0.36 + 2 * 0.16) / 3]).double() / 255**2
    expected = -10 * error.log10()
    assert results[True] == pytest.approx(expected[0].item(), abs=1e-4)
    assert results[False] == pytest.approx(expected[1].item(), abs=1e-4)


def test_averages_over_images_not_pixels():
    samples = data_samples(4)
    metric = SSIM()
    metric.process(None, samples)
    each = [result[0] for result in metric.results]
    assert metric.evaluate(4) == {'sr/ssim': pytest.approx(sum(each) / 4)}
    assert len(set(each)) == 4


def test_lr_input_has_no_reference():
    (sample,) = data_samples(1)
    del sample['hr_rgb01']
    with pytest.raises(UserError, match="PSNR needs the HR image 'hr_rgb01'.*test_cfg.input='lr'"):
        PSNR().process(None, [sample])


def test_unknown_image_lists_the_known():
    with pytest.raises(UserError, match="no image 'x_rgb01'.*hr_rgb01, sr_rgb01, up_rgb01"):
        PSNR(image='x_rgb01').process(None, data_samples(1))


@pytest.mark.parametrize(('side', 'metric'), [(16, PSNR()), (26, SSIM())])
def test_image_too_small_is_one_sentence(side, metric):
    image = torch.rand(3, side, 40)
    with pytest.raises(UserError, match=rf'40x{side} px is too small .* lower crop_border'):
        metric.process(None, [dict(sr_rgb01=image, hr_rgb01=image)])
    type(metric)(crop_border=0).process(None, [dict(sr_rgb01=image, hr_rgb01=image)])


def test_sizes_differ_is_one_sentence():
    with pytest.raises(UserError, match='sr_rgb01 and hr_rgb01 differ in shape'):
        PSNR().process(None, [dict(sr_rgb01=torch.rand(3, 32, 32), hr_rgb01=torch.rand(3, 32, 40))])


@pytest.mark.parametrize('border', [-1, 2.5, '8'])
def test_a_border_that_is_no_number_of_pixels_is_one_sentence(border):
    with pytest.raises(UserError, match=f'crop_border of PSNR={border!r} is out of place'):
        PSNR(crop_border=border)


@pytest.mark.dist
@pytest.mark.parametrize('batch_size', [1, 2])
def test_two_processes_agree_with_one(batch_size, tmp_path):
    """Five images on two processes: the sampler repeats one, which must not count twice."""
    out = tmp_path / 'metrics.json'
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    command = [
        *(sys.executable, '-m', 'torch.distributed.run', '--nproc_per_node=2'),
        *(f'--master_port={port}', '-m', 'tests.test_evaluation.dist_worker'),
        *(str(out), str(batch_size)),
    ]
    done = subprocess.run(
        command,
        cwd=tmp_path,  # mmengine collects through a folder in the working folder
        env=dict(os.environ, PYTHONPATH=str(ROOT)),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    metrics = [PSNR(), SSIM(image='up_rgb01')]
    expected = {}
    for metric in metrics:
        metric.process(None, data_samples(5))
        expected.update(metric.evaluate(5))
    assert json.loads(out.read_text()) == pytest.approx(expected, rel=1e-12)
