"""The converter on the command line, up to ``tools/test.py``."""

import importlib.util
import os
import runpy
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import torchvision

from sr4ir_mm.utils import cli
from tests.parity.rule import rule_tensor
from tests.parity.synthetic import edsr_shapes, swinir_shapes, torchvision_net

ROOT = Path(__file__).parents[2]
SWINIR = dict(
    img_size=48, window_size=8, depths=[6] * 6, embed_dim=180, num_heads=[6] * 6, mlp_ratio=2
)


@pytest.fixture
def convert(monkeypatch, capsys):
    """Run the converter in this process; returns (exit code, stdout, stderr)."""
    spec = importlib.util.spec_from_file_location(
        'convert', ROOT / 'tools/model_converters/convert.py'
    )
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    monkeypatch.chdir(ROOT)

    def call(*args):
        monkeypatch.setattr(sys, 'argv', ['convert.py', *map(str, args)])
        code = 0
        try:
            cli.run(tool.main)
        except SystemExit as error:
            code = error.code
        return (code, *capsys.readouterr())

    return call


def official_edsr(scale):
    shapes = edsr_shapes(dict(n_blocks=16, n_feats=64), scale)
    state = {key: rule_tensor(key, shape) for key, shape in shapes.items()}
    state['sub_mean.bias'] = -255 * torch.tensor([0.4488, 0.4371, 0.4040])
    return state


@pytest.fixture(scope='module')
def author_files(tmp_path_factory):
    """Files as the authors release them: bare state dicts, and one training checkpoint that holds both."""
    folder = tmp_path_factory.mktemp('authors')
    sr, task = official_edsr(8), torchvision_net('cls', 196).state_dict()
    torch.save(sr, folder / 'net_sr_latest.pth')
    torch.save(task, folder / 'net_cls_latest.pth')
    torch.save(
        dict(epoch=200, net_sr=sr, net_cls=task, schedulers=[]), folder / 'checkpoint_latest.pth'
    )
    return folder


@pytest.fixture(scope='module')
def cars(tmp_path_factory):
    folder = tmp_path_factory.mktemp('cars')
    rng = np.random.default_rng(0)
    for index in range(196):
        for split in ('train', 'test'):
            (folder / split / f'class {index:03d}').mkdir(parents=True)
    for index in (0, 100):
        image = cv2.resize(rng.integers(0, 256, (20, 30, 3), np.uint8), (300, 256))
        for split in ('train', 'test'):
            cv2.imwrite(str(folder / split / f'class {index:03d}/a.png'), image)
    return folder


def test_authors_model_is_converted_and_evaluated(convert, author_files, cars, tmp_path):
    config = 'configs/sr4ir/resnet18_edsr_x8_cars.py'
    target = tmp_path / 'sr4ir.pth'

    code, out, err = convert(
        'model',
        author_files / 'net_sr_latest.pth',
        author_files / 'net_cls_latest.pth',
        target,
        '--config',
        config,
    )
    assert code == 0, err
    assert 'EDSR and ResNet' in out
    options = [f'test_dataloader.dataset.data_root={cars}', 'test_dataloader.num_workers=0']
    tested = subprocess.run(
        [sys.executable, ROOT / 'tools/test.py', ROOT / config, target, '--cfg-options', *options],
        cwd=tmp_path,
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
        capture_output=True,
        text=True,
        timeout=240,
    )

    assert tested.returncode == 0, tested.stderr[-2000:]
    output = tested.stdout + tested.stderr
    assert 'accuracy/top1' in output
    assert 'sr/psnr' in output
    assert 'missing keys' not in output
    assert 'unexpected key' not in output


def test_both_networks_are_found_in_one_training_checkpoint(convert, author_files, tmp_path):
    both = author_files / 'checkpoint_latest.pth'
    first, _, _ = convert('model', both, both, tmp_path / 'both.pth')
    second, _, _ = convert(
        'model',
        author_files / 'net_sr_latest.pth',
        author_files / 'net_cls_latest.pth',
        tmp_path / 'single.pth',
    )

    assert first == second == 0
    states = [torch.load(tmp_path / f'{name}.pth')['state_dict'] for name in ('both', 'single')]
    assert states[0].keys() == states[1].keys()
    assert all(torch.equal(value, states[1][key]) for key, value in states[0].items())


def test_network_without_sr(convert, author_files, tmp_path):
    config = 'configs/h2t/resnet18_cars.py'
    code, _, err = convert(
        'model', '-', author_files / 'net_cls_latest.pth', tmp_path / 'a.pth', '--config', config
    )

    assert code == 0, err


@pytest.mark.parametrize(('task', 'name'), [('det', 'faster-rcnn'), ('seg', 'deeplabv3')])
def test_detectors_and_segmentors_of_the_authors(convert, author_files, tmp_path, task, name):
    torch.save(torchvision_net(task, 21).state_dict(), tmp_path / f'net_{task}.pth')

    config = f'configs/sr4ir/{name}_edsr_x8_voc.py'
    sources = (author_files / 'net_sr_latest.pth', tmp_path / f'net_{task}.pth')
    code, _, err = convert('model', *sources, tmp_path / 'a.pth', '--config', config)

    assert code == 0, err


@pytest.mark.parametrize(('name', 'scale'), [('edsr', 4), ('swinir', 8)])
def test_official_sr_weights(convert, tmp_path, name, scale):
    shapes = swinir_shapes(SWINIR, scale)
    state = (
        official_edsr(scale)
        if name == 'edsr'
        else {key: torch.zeros(shape) for key, shape in shapes.items()}
    )
    torch.save({'params': state} if name == 'swinir' else state, tmp_path / 'official.pth')

    config = f'configs/sr/{name}_x{scale}_cars.py'
    code, _, err = convert(
        'sr-net', tmp_path / 'official.pth', tmp_path / 'a/ours.pth', '--config', config
    )

    assert code == 0, err
    assert (tmp_path / 'a/ours.pth').is_file()


def test_mistakes_are_told_in_one_sentence(convert, author_files, tmp_path):
    wrong_scale = convert(
        'sr-net',
        author_files / 'net_sr_latest.pth',
        tmp_path / 'a.pth',
        '--config',
        'configs/sr/edsr_x4_cars.py',
    )
    swapped = convert('sr-net', author_files / 'net_cls_latest.pth', tmp_path / 'a.pth')
    absent = convert('task-net', tmp_path / 'absent.pth', tmp_path / 'a.pth')

    for (code, _, err), text in (
        (wrong_scale, 'do not fit'),
        (swapped, 'holds none of RCAN, EDSR'),
        (absent, 'does not exist'),
    ):
        assert code == 2
        assert text in err
        assert len(err.strip().splitlines()) == 1
    assert not (tmp_path / 'a.pth').exists()


def test_torchvision_backbones_load_unchanged():
    """The ImageNet weights of the configs need no conversion."""
    from mmpretrain.models import ResNet

    from sr4ir_mm.models.task_nets import TorchvisionMobileNetV3

    for net, official in (
        (TorchvisionMobileNetV3(), torchvision.models.mobilenet_v3_large(weights=None)),
        (ResNet(depth=18), torchvision.models.resnet18(weights=None)),
    ):
        result = net.load_state_dict(official.state_dict(), strict=False)
        assert not result.missing_keys
        assert all(key.startswith(('classifier.', 'fc.')) for key in result.unexpected_keys)


def test_what_16_bits_do_not_reach_is_published_in_32():
    shrink = runpy.run_path('tools/model_converters/publish_model.py')['shrink']
    assert shrink(torch.tensor([0.5, 2.0]), True).dtype == torch.float16
    large = torch.tensor([7e4, 1.0])  # a variance of a batch norm, say
    assert torch.equal(shrink(large, True), large)
