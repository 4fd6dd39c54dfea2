"""The demos: several models side by side, the notebook, the page."""

import json
import os
import re
import runpy
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from sr4ir_mm.apis.comparing import load_models, predict_all, short_names, strip, tell
from sr4ir_mm.apis.inputs import Loaded
from sr4ir_mm.utils.errors import UserError

ROOT = Path(__file__).parents[2]
SCENES, CLOTHING = 'sr4ir_x4_scenes-det', 'sr4ir_x8_clothing'
IMAGE = ROOT / 'demo' / 'images' / 'scene_lr.png'
CHROMIUM = shutil.which('chromium') or shutil.which('chromium-browser')


def run_demo(monkeypatch, name, *arguments):
    monkeypatch.setattr(sys, 'argv', [name, *map(str, arguments)])
    try:
        runpy.run_path(str(ROOT / 'demo' / name), run_name='__main__')
    except SystemExit as stop:
        return stop.code or 0
    return 0


@pytest.fixture(scope='module')
def hr_image(tmp_path_factory):
    path = tmp_path_factory.mktemp('hr') / 'hr.png'
    cv2.imwrite(str(path), cv2.resize(cv2.imread(str(IMAGE)), (96, 96)))
    return path


def test_models_stand_side_by_side(tmp_path, monkeypatch, capsys, hr_image):
    (tmp_path / 'bad.png').write_bytes(b'')
    models = ['--models', SCENES, SCENES, '--names', 'one', 'other', '--device', 'cpu']

    arguments = [hr_image, tmp_path / 'bad.png', *models, '--input', 'hr', '--out-dir', tmp_path]
    assert run_demo(monkeypatch, 'compare_demo.py', *arguments) == 2

    told = capsys.readouterr()
    titles = re.findall(r'hr\.png: (\w+): ', told.out)
    assert titles == ['bilinear', 'one', 'other', 'HR']
    assert '1 of 2 images could not be used' in told.err
    picture = cv2.imread(str(tmp_path / 'comparison.png'))
    assert picture.shape[1] == (1 + len(titles)) * (2 * 96 + 4)


def test_an_lr_image_has_no_hr_panel_and_each_model_its_own_kind(hr_image):
    models = load_models([SCENES, SCENES], ['plain', 'sr4ir'], device='cpu')
    models['plain'].model.test_cfg['image'] = 'up'
    image = Loaded('image', cv2.imread(str(IMAGE)))

    samples = predict_all(models, image)

    assert list(samples) == ['plain', 'sr4ir']
    kinds = [samples[name].get('sr_rgb01') for name in samples]
    assert np.abs(kinds[0] - samples['plain'].get('up_rgb01')).max() == 0
    assert np.abs(kinds[0] - kinds[1]).max() > 0.01
    assert strip(models, samples).dtype == np.uint8


def test_each_model_tells_and_draws_its_own_classes(hr_image):
    models = load_models([SCENES, SCENES], ['scenes', 'letters'], device='cpu', input='hr')
    meta = models['letters'].model.dataset_meta
    meta['classes'] = tuple('ABCDEFGH'[: len(meta['classes'])])
    image = Loaded('image', cv2.imread(str(hr_image)))

    samples = predict_all(models, image)

    told = dict(tell(models, samples))
    assert list(told) == ['bilinear', 'scenes', 'letters', 'HR']
    for title in ('bilinear', 'scenes'):
        assert 'brick' in told[title]
    for title in ('letters', 'HR'):
        assert re.match('[A-H] [01]', told[title])
    panels = np.split(strip(models, samples), 5, axis=1)
    # The same network on the same image: below the titles only the names of the classes differ.
    assert (panels[2][22:] != panels[3][22:]).any()


def test_checkpoints_of_one_name_are_told_apart(tmp_path):
    paths = [tmp_path / run / 'seed_0/epoch_1.pth' for run in ('a', 'b')]
    for path in [*paths, tmp_path / 'b/seed_0/epoch_1.ckpt']:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    one, two = map(str, paths)

    assert short_names([one, SCENES]) == {one: 'seed_0/epoch_1', SCENES: SCENES}
    assert short_names([one, two, one]) == {one: 'a/seed_0/epoch_1', two: 'b/seed_0/epoch_1'}
    third = two.replace('.pth', '.ckpt')
    assert list(short_names([two, third]).values()) == ['seed_0/epoch_1.pth', 'seed_0/epoch_1.ckpt']


def test_an_output_that_cannot_be_written_is_told_first(tmp_path, monkeypatch, capsys):
    (tmp_path / 'file').touch()
    arguments = [IMAGE, '--models', SCENES, '--out-dir', tmp_path / 'file' / 'out']
    assert run_demo(monkeypatch, 'compare_demo.py', *arguments) == 2
    assert 'give another place with --out-dir' in capsys.readouterr().err


def test_a_picture_that_cannot_be_written_is_told(tmp_path, monkeypatch, capsys):
    (tmp_path / 'comparison.png').mkdir()
    arguments = [IMAGE, '--models', SCENES, '--device', 'cpu', '--out-dir', tmp_path]
    assert run_demo(monkeypatch, 'compare_demo.py', *arguments) == 2
    assert 'comparison.png cannot be written' in capsys.readouterr().err


@pytest.mark.parametrize(
    ('models', 'names', 'message'),
    [
        ([SCENES, CLOTHING], None, 'different scales'),
        ([SCENES, SCENES], None, 'need 2 different names'),
    ],
)
def test_models_that_cannot_share_an_image_are_told(models, names, message):
    with pytest.raises(UserError, match=message):
        load_models(models, names, device='cpu')


def test_the_notebook_runs_from_the_clone(tmp_path):
    notebook = json.loads((ROOT / 'demo' / 'sr4ir_demo.ipynb').read_text())
    cells = [''.join(c['source']) for c in notebook['cells'] if c['cell_type'] == 'code']
    program = tmp_path / 'cells.py'
    program.write_text('\n\n'.join(['import matplotlib', 'matplotlib.use("Agg")', *cells]))

    environment = {**os.environ, 'PYTHONPATH': str(ROOT)}
    done = subprocess.run(
        [sys.executable, str(program)],
        cwd=ROOT / 'demo',
        env=environment,
        capture_output=True,
        text=True,
        timeout=250,
    )

    assert done.returncode == 0, done.stderr[-3000:]
    assert 'brick' in done.stdout


def test_without_gradio_the_page_says_what_is_missing(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, 'gradio', None)

    assert run_demo(monkeypatch, 'web_demo.py', '--device', 'cpu') == 2

    assert 'the page needs gradio' in capsys.readouterr().err


@pytest.mark.skipif(CHROMIUM is None, reason='needs chromium')
@pytest.mark.parametrize('width', [390, 1280])
def test_the_page_predicts_on_a_dropped_image(tmp_path, width):
    pytest.importorskip('gradio')
    playwright = pytest.importorskip('playwright.sync_api')
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    command = [sys.executable, '-W', 'ignore', 'demo/web_demo.py', '--device', 'cpu']
    command += ['--models', SCENES, SCENES, '--names', 'L-to-T', 'SR4IR', '--port', str(port)]
    environment = {**os.environ, 'PYTHONPATH': str(ROOT)}
    server = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        _wait_for(port)
        with playwright.sync_playwright() as driver:
            options = ['--no-sandbox']
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=options)
            page = browser.new_page(viewport=dict(width=width, height=1000))
            page.goto(f'http://127.0.0.1:{port}')
            page.set_input_files('input[type=file]', str(IMAGE))
            page.get_by_role('button', name='Predict', exact=True).click()
            page.wait_for_selector('text=brick 1.00', timeout=60_000)
            size = page.evaluate(
                '() => [...document.images].map(i => i.naturalWidth).reduce((a, b) => Math.max(a, b), 0)'
            )
            assert size == 4 * (2 * 96 + 4)
            shot = os.environ.get('SR4IR_SCREENSHOTS')
            page.screenshot(path=f'{shot or tmp_path}/web_{width}.png', full_page=True)
            assert page.evaluate('document.documentElement.scrollWidth <= innerWidth')
            browser.close()
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait_for(port):
    for _ in range(240):
        with socket.socket() as client:
            if client.connect_ex(('127.0.0.1', port)) == 0:
                return
        time.sleep(0.25)
    pytest.fail('the page did not come up')
