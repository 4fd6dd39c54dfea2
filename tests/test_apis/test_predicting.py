"""What tools/predict.py writes, keeps and refuses."""

import errno
import json

import cv2
import pytest
import torch
from mmdet.visualization import DetLocalVisualizer

from sr4ir_mm.apis import SR4IRInferencer
from sr4ir_mm.apis.checkpoints import as_config, shipped_models
from sr4ir_mm.apis.inferencer import build_model, with_palette
from sr4ir_mm.apis.predicting import _new_stem, predict_to_folder
from sr4ir_mm.utils.errors import UserError
from tests.test_apis.test_inferencer import CLOTHING, SCENES, pixels, run_tool, toy_config


def inferencer_of(task, tmp_path, **changes):
    cfg = as_config(toy_config(task))
    cfg.merge_from_dict(changes)
    torch.manual_seed(0)
    model = build_model(cfg)
    model.init_weights()
    path = tmp_path / 'weights.pth'
    torch.save(dict(state_dict=model.state_dict()), path)
    return SR4IRInferencer(cfg, path, device='cpu', show_progress=False)


@pytest.fixture
def photo(tmp_path):
    (tmp_path / 'own').mkdir()
    path = tmp_path / 'own' / 'scene.png'
    cv2.imwrite(str(path), pixels())
    return path


@pytest.fixture(scope='module')
def classifier():
    return SR4IRInferencer(CLOTHING, device='cpu', show_progress=False)


# ---- drawing as zoo configs name it ----

VISUALIZERS = {
    'det': 'DetLocalVisualizer',
    'seg': 'SegLocalVisualizer',
    'cls': 'UniversalVisualizer',
}


@pytest.mark.parametrize('classes', [None, ('a', 'b', 'c')])
@pytest.mark.parametrize('task', list(VISUALIZERS))
def test_a_visualizer_without_its_library_and_classes_without_names_are_drawn(
    task, classes, tmp_path
):
    inferencer = inferencer_of(task, tmp_path, visualizer=dict(type=VISUALIZERS[task]))
    inferencer.model.dataset_meta = with_palette({'classes': classes} if classes else {})

    results = inferencer(pixels(), return_vis=True, score_thr=0.0)

    assert results['visualization'][0].ndim == 3
    assert results['errors'] == {}


@pytest.mark.parametrize(
    'visualizer',
    [dict(type='DetLocalVisualizer', _scope_='mmdet'), dict(type=DetLocalVisualizer)],
    ids=['scope', 'class'],
)
def test_a_visualizer_is_found_by_its_scope_or_class(visualizer, tmp_path):
    inferencer = inferencer_of('det', tmp_path)
    inferencer.model.cfg.default_scope = 'mmengine'
    inferencer.model.cfg.visualizer = visualizer

    assert isinstance(inferencer.painter()._visualizer, DetLocalVisualizer)


def test_a_config_without_a_visualizer_is_told(tmp_path):
    inferencer = inferencer_of('cls', tmp_path)
    inferencer.model.cfg.pop('visualizer')

    with pytest.raises(UserError, match='names no visualizer'):
        inferencer.painter()


# ---- what is written ----


@pytest.mark.parametrize('link', [False, True])
def test_inputs_are_not_overwritten(link, photo, tmp_path, classifier):
    before = photo.read_bytes()
    folder = photo.parent
    if link:
        folder = tmp_path / 'linked'
        folder.mkdir()
        (folder / 'scene.png').symlink_to(photo)

    with pytest.raises(UserError, match=r'scene\.png is an input, and its picture would be'):
        predict_to_folder(classifier, str(photo), folder)

    assert photo.read_bytes() == before
    assert [path.name for path in folder.iterdir()] == ['scene.png']


def test_sr_images_are_not_overwritten(photo, classifier):
    sr = photo.parent / 'sr'
    sr.mkdir()
    photo.rename(sr / 'scene.png')

    with pytest.raises(UserError, match=r'sr/scene\.png is an input'):
        predict_to_folder(classifier, sr, photo.parent)


def test_a_file_named_twice_is_taken_once(photo, tmp_path, classifier):
    out = tmp_path / 'out'
    again = photo.parent / '..' / 'own' / 'scene.png'

    predict_to_folder(classifier, [photo, photo, again, pixels(), pixels()], out)

    pictures = sorted(path.stem for path in out.glob('*.png'))
    written = json.loads((out / 'predictions.json').read_text())
    assert pictures == sorted(record['picture'] for record in written.values())
    assert list(written) == [str(photo), 'array 1', 'array 2']


@pytest.mark.parametrize(
    ('name', 'stem'),
    [
        ('run#3/img.png', 'img'),
        ('x#1.png', 'x#1'),
        ('a#000001.png', 'a#000001'),
        ('run#3/clip.MP4#000012', 'clip_000012'),
        ('img.png#000012', 'img'),
    ],
)
def test_only_frames_of_videos_are_split_off_a_name(name, stem):
    assert _new_stem(name, set()) == stem


@pytest.mark.parametrize('out_dir', ['own/scene.png', '/proc/sr4ir_mm'])
def test_a_folder_that_takes_no_files_is_told_before_a_model_is_loaded(
    out_dir, photo, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    arguments = [photo, '--model', 'no_such_model', '--out-dir', out_dir]

    assert run_tool(monkeypatch, 'tools/predict.py', *arguments) == 2

    assert 'error: nothing can be written in' in capsys.readouterr().err


def test_a_picture_that_cannot_be_written_is_told(photo, tmp_path, classifier):
    (tmp_path / 'out/scene.png').mkdir(parents=True)

    with pytest.raises(UserError, match=r'scene\.png cannot be written'):
        predict_to_folder(classifier, photo, tmp_path / 'out')


@pytest.mark.parametrize('batch_size', [1, 3])
def test_an_image_whose_prediction_fails_leaves_the_others(batch_size, tmp_path, monkeypatch):
    inferencer = SR4IRInferencer(SCENES, device='cpu', input='hr', show_progress=False)
    for name, side in (('a', 96), ('b', 1), ('c', 96)):
        cv2.imwrite(str(tmp_path / f'{name}.png'), pixels(side, side))
    out = tmp_path / 'out'

    with pytest.raises(UserError, match=r'1 of 3 images .*b\.png \(1 x 1 px\) cannot be predicted'):
        predict_to_folder(inferencer, tmp_path, out, batch_size)

    assert len(json.loads((out / 'predictions.json').read_text())) == 2
    monkeypatch.setenv('SR4IR_DEBUG', '1')
    with pytest.raises(IndexError):
        inferencer(tmp_path / 'b.png')


# ---- models and devices ----


def test_weights_beside_a_shipped_name_must_fit_its_config(classifier):
    weights = shipped_models()[CLOTHING]

    with pytest.raises(UserError, match='does not fit the config: it lacks'):
        SR4IRInferencer(SCENES, weights, device='cpu')

    fitting = SR4IRInferencer(CLOTHING, weights, device='cpu', show_progress=False)
    assert fitting.model.dataset_meta == classifier.model.dataset_meta


@pytest.mark.parametrize('device', ['foo', 'CUDA:0', 'cpu:x'])
def test_a_device_that_is_none_is_told(device):
    with pytest.raises(UserError, match=f"device='{device}' cannot be used"):
        SR4IRInferencer(CLOTHING, device=device)


def test_a_torch_device_is_taken():
    inferencer = SR4IRInferencer(CLOTHING, device=torch.device('cpu'), show_progress=False)

    assert next(inferencer.model.parameters()).device.type == 'cpu'


@pytest.mark.parametrize(
    ('model', 'told'),
    [
        ('mmpretrain::resnet/resnet18_8xb32_in1k.py', "type='ImageClassifier'"),
        (dict(default_scope='mmdet'), 'no model'),
    ],
)
def test_a_config_of_no_such_model_is_told(model, told):
    with pytest.raises(UserError, match=rf'holds {told} instead of a .*tools/wrap_config\.py'):
        SR4IRInferencer(model, shipped_models()[CLOTHING], device='cpu')


def test_the_command_line_tells_a_path_that_may_not_be_written(monkeypatch, capsys):
    from sr4ir_mm.utils import cli

    def main():
        raise PermissionError(errno.EACCES, 'Permission denied', '/etc/x.png')

    with pytest.raises(SystemExit) as stop:
        cli.run(main)

    assert stop.value.code == 2
    assert 'error: /etc/x.png cannot be used (Permission denied)' in capsys.readouterr().err
    assert cli.user_sentence(OSError(errno.EACCES, 'Permission denied')) is None
    assert cli.user_sentence(FileNotFoundError(errno.ENOENT, 'gone', 'x')) is None
