"""From a checkpoint and LR images to predictions and pictures."""

import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from sr4ir_mm.apis.inference import draw, init_model, predict
from sr4ir_mm.utils.errors import UserError

ROOT = Path(__file__).parents[2]
CONFIGS = {
    'det': 'configs/evidence/sr4ir_x4_scenes-det.py',
    'seg': 'configs/evidence/sr4ir_x8_camvid.py',
    'cls': 'configs/evidence/sr4ir_x8_clothing.py',
}
SCALES = {'det': 4, 'seg': 8, 'cls': 8}


@pytest.fixture(params=list(CONFIGS))
def task(request):
    return request.param


@pytest.fixture
def image(tmp_path):
    path = tmp_path / 'lr.png'
    pixels = np.random.default_rng(0).integers(0, 255, (20, 28, 3), dtype=np.uint8)
    cv2.imwrite(str(path), pixels)
    return path


def test_an_lr_image_is_taken_as_it_is(task, image):
    model = init_model(ROOT / CONFIGS[task])

    (sample,) = predict(model, [image])

    pixels = cv2.imread(str(image))[..., ::-1]
    lr = sample.get('lr_rgb01').mul(255).round().byte().permute(1, 2, 0).numpy()
    assert np.array_equal(lr, pixels)
    scale = SCALES[task]
    assert sample.get('sr_rgb01').shape == (3, 20 * scale, 28 * scale)
    if task == 'seg':
        assert sample.pred_sem_seg.shape == (20, 28)
    if task == 'det':
        boxes = sample.pred_instances.bboxes
        assert (boxes <= torch.tensor([28.0, 20.0, 28.0, 20.0]) + 1e-3).all()


def test_strips_have_lr_bilinear_and_sr(task, image):
    (strip,) = draw(init_model(ROOT / CONFIGS[task]), [image], score_thr=0.0)

    scale = SCALES[task]
    factor = max(1, round(192 / (20 * scale)))
    assert strip.shape[1] == 3 * (28 * scale * factor + 4)


def test_hr_images_can_be_degraded_instead(image):
    model = init_model(ROOT / CONFIGS['cls'], lr_input=False)

    (sample,) = predict(model, [image])

    assert sample.get('hr_rgb01').shape == (3, 20, 28)


def test_weights_and_class_names_come_from_the_checkpoint(tmp_path, image):
    source = init_model(ROOT / CONFIGS['cls'])
    path = tmp_path / 'weights.pth'
    meta = dict(dataset_meta=dict(classes=['a', 'b']))
    torch.save(dict(state_dict=source.state_dict(), meta=meta), path)

    model = init_model(ROOT / CONFIGS['cls'], str(path))

    assert model.dataset_meta['classes'] == ['a', 'b']
    first, second = predict(source, [image])[0], predict(model, [image])[0]
    assert torch.equal(first.pred_score, second.pred_score)


@pytest.mark.parametrize('content', [b'', b'no weights'], ids=['empty', 'text'])
def test_a_file_that_is_no_checkpoint_is_named(tmp_path, content):
    path = tmp_path / 'bad.pth'
    path.write_bytes(content)

    with pytest.raises(UserError, match=r'bad\.pth does not fit'):
        init_model(ROOT / CONFIGS['cls'], str(path))


def test_a_checkpoint_of_another_model_is_named(tmp_path):
    path = tmp_path / 'other.pth'
    torch.save(dict(state_dict=init_model(ROOT / CONFIGS['seg']).state_dict()), path)

    with pytest.raises(UserError, match='give the config it was trained with'):
        init_model(ROOT / CONFIGS['cls'], str(path))


def run_tool(monkeypatch, path, *arguments):
    monkeypatch.setattr(sys, 'argv', [path, *map(str, arguments)])
    try:
        runpy.run_path(str(ROOT / path), run_name='__main__')
    except SystemExit as stop:
        return stop.code
    return 0


def test_published_weights_predict_from_the_command_line(tmp_path, monkeypatch, capsys, image):
    source = tmp_path / 'epoch_1.pth'
    model = init_model(ROOT / CONFIGS['cls'])
    classes = tuple(f'garment {number}' for number in range(10))
    meta = dict(dataset_meta=dict(classes=classes), cfg='long', epoch=3)
    contents = dict(state_dict=model.state_dict(), optimizer={'x': torch.zeros(9)}, meta=meta)
    torch.save(contents, source)

    publish = 'tools/model_converters/publish_model.py'
    assert run_tool(monkeypatch, publish, source, tmp_path / 'small.pth', '--half') == 0
    (small,) = tmp_path.glob('small-????????.pth')
    published = torch.load(small, weights_only=True)
    assert set(published) == {'meta', 'state_dict'}
    assert published['meta'] == {'dataset_meta': {'classes': list(classes)}}
    assert small.stat().st_size < 0.6 * source.stat().st_size

    arguments = [image, ROOT / CONFIGS['cls'], small, '--out-dir', tmp_path / 'out']
    assert run_tool(monkeypatch, 'demo/image_demo.py', *arguments) == 0
    assert 'lr.png: garment ' in capsys.readouterr().out
    assert cv2.imread(str(tmp_path / 'out' / 'lr.png')) is not None


def test_publishing_a_missing_checkpoint_is_refused(tmp_path, monkeypatch, capsys):
    publish = 'tools/model_converters/publish_model.py'

    assert run_tool(monkeypatch, publish, tmp_path / 'no.pth', tmp_path / 'x.pth') == 2

    assert 'no.pth does not exist' in capsys.readouterr().err
