"""A report of two runs, as a page that works without a network."""

import csv
import json
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from sr4ir_mm.apis.checkpoints import config_in, config_text, read_checkpoint, shipped_models
from sr4ir_mm.apis.report.figures import chart
from sr4ir_mm.apis.report.runs import config_differences, read_run, unique_names
from sr4ir_mm.utils.errors import UserError

ROOT = Path(__file__).parents[3]
CHROMIUM = shutil.which('chromium') or shutil.which('chromium-browser')


def run_tool(path, *arguments):
    """Run a tool in this process with these arguments; its exit code."""
    argv, sys.argv = sys.argv, [path, *map(str, arguments)]
    try:
        runpy.run_path(str(ROOT / path), run_name='__main__')
    except SystemExit as stop:
        return stop.code or 0
    finally:
        sys.argv = argv
    return 0


def make_run(folder, image, data_root, psnr):
    """The work dir of a run: a shipped model that is shown one kind of image."""
    checkpoint = read_checkpoint(str(shipped_models()['sr4ir_x4_scenes-det']))
    cfg = config_in(checkpoint, 'shipped')
    cfg.test_dataloader.dataset.data_root = f'{data_root}/VOCdevkit/VOC2012/'
    cfg.test_dataloader.dataset.pop('indices', None)
    cfg.model.test_cfg = dict(image=image)
    logs = folder / '20260101_000000'
    (logs / 'vis_data').mkdir(parents=True)
    (folder / 'config.py').write_text(config_text(cfg))
    (folder / 'last_checkpoint').write_text('/elsewhere/epoch_2.pth')
    torch.save(checkpoint, folder / 'epoch_2.pth')
    lines = [
        dict(step=10, loss=2.0, **{'sr_net.lr': 1e-3}),
        dict(step=20, loss=1.0, **{'sr_net.lr': 1e-3}),
        {'coco/bbox_mAP': 0.1, 'sr/psnr': psnr - 1, 'step': 1},
        {'coco/bbox_mAP': 0.2, 'sr/psnr': psnr, 'step': 2, 'coco/bbox_mAP_l': -1},
    ]
    (logs / 'vis_data' / 'scalars.json').write_text('\n'.join(map(json.dumps, lines)))
    dashes = '-' * 60
    (logs / 'run.log').write_text(f'{dashes}\nSystem environment:\n    PyTorch: 2\n{dashes}\n')


@pytest.fixture(scope='module')
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp('runs')
    sample = ['--out', root / 'data', '--train', 1, '--val', 5]
    assert run_tool('tools/dataset_converters/make_sample.py', *sample) == 0
    make_run(root / 'bilinear', 'up', root / 'data', psnr=21.0)
    make_run(root / 'sr4ir', 'sr', root / 'data', psnr=22.0)
    return root


@pytest.fixture(scope='module')
def report(runs):
    out = runs / 'report'
    arguments = [runs / 'bilinear', runs / 'sr4ir', '-o', out, '--strips', 4, '--device', 'cpu']
    assert run_tool('tools/analysis_tools/report.py', *arguments) == 0
    return out


def test_the_page_has_every_section_and_asks_no_network(report):
    text = (report / 'index.html').read_text()

    titles = re.findall('<h2>(.*?)</h2>', text)
    assert titles == [
        'Metrics',
        'Curves',
        'Where it gains and where it loses',
        'Calibration of scores',
        'Images',
        'Settings that differ',
        'Commands',
        'Environment',
    ]
    assert text.count('<figure') == 4
    assert 'model.test_cfg.image' in text
    assert 'PyTorch: 2' in text
    assert not re.search(r'(src|href)="(?!data:)', text)


def test_the_tables_hold_every_image_and_group(report):
    with (report / 'images.csv').open() as file:
        images = list(csv.DictReader(file))
    assert len(images) == 5
    for row in images:
        gain = float(row['sr4ir']) - float(row['bilinear'])
        assert float(row['gain sr4ir']) == pytest.approx(gain, abs=2e-4)
        assert (row['LR width'], row['LR height']) == ('24', '24')

    with (report / 'gains.csv').open() as file:
        groups = list(csv.DictReader(file))
    assert {row['grouped by'] for row in groups} == {'object size', 'class', 'LR size'}
    by_size = [row for row in groups if row['grouped by'] == 'object size']
    assert sum(int(row['items']) for row in by_size) == sum(int(row['items']) for row in images)
    assert max(float(row['gain sr4ir']) for row in groups) > 0


@pytest.mark.skipif(CHROMIUM is None, reason='needs chromium')
@pytest.mark.parametrize('width', [390, 1280])
def test_a_browser_shows_it_without_sideways_scrolling_and_sorts(report, tmp_path, width):
    text = (report / 'index.html').read_text()
    probe = """<script>
      document.querySelector('button[data-order=loss]').click();
      const gains = [...document.querySelectorAll('figure')].map(f => Number(f.dataset.gain));
      const whole = document.documentElement;
      document.title = JSON.stringify({gains, wide: whole.scrollWidth > whole.clientWidth,
        broken: [...document.images].filter(i => !i.naturalWidth).length});
    </script>"""
    page = tmp_path / 'probe.html'
    page.write_text(text.replace('</body>', f'{probe}</body>'))

    options = ['--headless', '--no-sandbox', '--disable-gpu', f'--window-size={width},900']
    found = subprocess.run(
        [CHROMIUM, *options, '--virtual-time-budget=2000', '--dump-dom', page.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    title = re.search('<title>(.*?)</title>', found.stdout, re.DOTALL)[1]
    told = json.loads(title)
    assert told['gains'] == sorted(told['gains'])
    assert not told['wide']
    assert told['broken'] == 0


def test_one_run_is_reported_alone(runs, tmp_path):
    arguments = [runs / 'sr4ir', '-o', tmp_path, '--strips', 1, '--limit', 2, '--device', 'cpu']
    assert run_tool('tools/analysis_tools/report.py', *arguments) == 0

    assert 'Settings that differ' not in (tmp_path / 'index.html').read_text()


def test_a_run_is_read_from_its_folder(runs):
    run = read_run(runs / 'sr4ir', 'sr4ir')

    assert run.losses == {10: 2.0, 20: 1.0}
    assert run.metrics == {'coco/bbox_mAP': {1: 0.1, 2: 0.2}, 'sr/psnr': {1: 21.0, 2: 22.0}}
    assert run.checkpoint == runs / 'sr4ir' / 'epoch_2.pth'
    differences = config_differences([run, read_run(runs / 'bilinear', 'bilinear')])
    assert differences == {'model.test_cfg.image': ["'sr'", "'up'"]}


def test_a_folder_without_a_run_is_told(tmp_path, capsys):
    assert run_tool('tools/analysis_tools/report.py', tmp_path) == 2

    assert f'{tmp_path} has no config' in capsys.readouterr().err


def test_commands_are_quoted_for_a_shell(runs, tmp_path):
    folder = tmp_path / 'my run'
    folder.symlink_to(runs / 'sr4ir')

    train, test = (shlex.split(command) for command in read_run(folder, 'run').commands)

    config = str(folder / 'config.py')
    assert train[:6] == ['python', '-m', 'sr4ir_mm', 'train', config, '--work-dir']
    assert train[6] == str(folder)
    assert test[4:] == [config, str(folder / 'epoch_2.pth')]


def test_missing_test_images_are_told(runs, tmp_path, capsys):
    make_run(tmp_path / 'moved', 'sr', tmp_path / 'nothing', psnr=21.0)

    arguments = [tmp_path / 'moved', '-o', tmp_path / 'out', '--device', 'cpu']
    assert run_tool('tools/analysis_tools/report.py', *arguments) == 2

    assert (
        'does not exist, test_dataloader.dataset.data_root asks for it' in capsys.readouterr().err
    )


def test_runs_of_one_name_are_told_apart(tmp_path):
    paths = [tmp_path / 'a' / 'run', tmp_path / 'b' / 'run']

    assert unique_names(paths) == ['a/run', 'b/run']
    with pytest.raises(UserError, match='named twice'):
        unique_names([tmp_path, tmp_path])
    assert unique_names(paths[:1], least=2) == ['a/run']
    assert unique_names([]) == []


def test_a_chart_of_nothing_is_nothing():
    assert chart('x', {'run': []}, 'epoch') == ''
    assert '<polyline' in chart('x', {'run': [(1, 2), (2, 2)]}, 'epoch')
