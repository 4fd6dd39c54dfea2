"""From weights and images to data samples, SR images and pictures."""

import runpy
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from sr4ir_mm.apis import SR4IRInferencer
from sr4ir_mm.apis.checkpoints import as_config, config_text, literals
from sr4ir_mm.apis.inferencer import build_model, same_sized
from sr4ir_mm.apis.inputs import Loaded
from sr4ir_mm.utils.errors import UserError
from tests import toy

ROOT = Path(__file__).parents[2]
SCENES, CLOTHING = 'sr4ir_x4_scenes-det', 'sr4ir_x8_clothing'
SCENE = ROOT / 'demo/images/scene_lr.png'


def pixels(height=20, width=28, seed=0):
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def image(tmp_path):
    path = tmp_path / 'lr.png'
    cv2.imwrite(str(path), pixels())
    return path


def toy_config(task, **test_cfg):
    """Config of a tiny model, with the pipeline of its library."""
    pack = {
        'det': 'mmdet.PackDetInputs',
        'seg': 'mmseg.PackSegInputs',
        'cls': 'mmpretrain.PackInputs',
    }
    visualizer = {
        'det': 'mmdet.DetLocalVisualizer',
        'seg': 'mmseg.SegLocalVisualizer',
        'cls': 'mmpretrain.UniversalVisualizer',
    }
    model = dict(
        type='sr4ir_mm.TaskDrivenSR',
        task_net=toy.TASK_NETS[task](),
        sr_net=dict(type='sr4ir_mm.ToySR'),
        scale=toy.SCALE,
        phases=[toy.SR_PHASE, toy.TASK_PHASE],
        test_cfg=test_cfg,
    )
    pipeline = [dict(type='sr4ir_mm.LoadImage'), dict(type=pack[task])]
    return dict(
        default_scope={'det': 'mmdet', 'seg': 'mmseg', 'cls': 'mmpretrain'}[task],
        model=model,
        test_dataloader=dict(
            dataset=dict(pipeline=pipeline, metainfo=dict(classes=('a', 'b', 'c')))
        ),
        visualizer=dict(type=visualizer[task]),
    )


@pytest.fixture
def weights(tmp_path):
    """Makes a checkpoint that holds its config, as trainings write it."""

    def make(task, name='epoch_1.pth'):
        cfg = as_config(toy_config(task))
        model = build_model(cfg)
        model.init_weights()
        path = tmp_path / name
        torch.save(dict(state_dict=model.state_dict(), meta=dict(cfg=cfg.pretty_text)), path)
        return path

    return make


def infer(weights, **kwargs):
    return SR4IRInferencer(weights=weights, device='cpu', show_progress=False, **kwargs)


# ---- answers ----


@pytest.mark.parametrize('task', ['det', 'seg', 'cls'])
def test_an_lr_image_is_taken_as_it_is_and_the_weights_alone_are_enough(task, weights, image):
    results = infer(weights(task))(str(image), return_vis=True, score_thr=0.0)

    (sample,) = results['predictions']
    lr = sample.get('lr_rgb01').mul(255).round().byte().permute(1, 2, 0).numpy()
    assert np.array_equal(lr[..., ::-1], pixels())
    assert results['sr_images'][0].shape == (80, 112, 3)
    assert results['visualization'][0].shape[1] == 3 * (112 * round(192 / 80) + 4)
    if task == 'seg':
        assert sample.pred_sem_seg.shape == (20, 28)
    if task == 'det':
        boxes = sample.pred_instances.bboxes
        assert len(boxes)
        assert (boxes <= torch.tensor([28.0, 20.0, 28.0, 20.0]) + 1e-3).all()


def test_boxes_are_told_in_lr_or_sr_coordinates():
    lr, sr = (
        SR4IRInferencer(SCENES, device='cpu', coordinates=kind)(SCENE)['predictions'][0]
        for kind in ('lr', 'sr')
    )
    assert torch.allclose(4 * lr.pred_instances.bboxes, sr.pred_instances.bboxes, atol=1e-3)


def test_hr_images_go_through_the_pipeline_of_the_benchmark(image):
    results = SR4IRInferencer(CLOTHING, device='cpu', input='hr')(image)

    assert results['predictions'][0].get('hr_rgb01').shape == (3, 96, 96)
    assert results['predictions'][0].get('lr_rgb01').shape == (3, 12, 12)


def test_the_image_shown_to_the_task_network_can_be_chosen(weights, image):
    path = weights('cls')
    (sample,) = infer(path, image='up')(image)['predictions']

    assert torch.equal(sample.get('sr_rgb01'), sample.get('up_rgb01'))


def test_arrays_files_folders_patterns_and_videos(weights, tmp_path, image):
    folder = tmp_path / 'folder'
    folder.mkdir()
    for name in ('b.png', 'a.jpg', 'note.txt'):
        (folder / name).write_bytes(cv2.imencode('.png', pixels())[1].tobytes())
    video = tmp_path / 'clip.avi'
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter_fourcc(*'MJPG'), 5, (32, 24))
    for seed in range(3):
        writer.write(pixels(24, 32, seed))
    writer.release()
    inferencer = infer(weights('cls'))

    grey = pixels()[..., 0]
    names = inferencer([pixels(), grey, image, folder, f'{folder}/*.png', video])['names']

    frames = [f'{video}#{number:06}' for number in range(3)]
    files = [str(folder / 'a.jpg'), str(folder / 'b.png'), str(folder / 'b.png')]
    assert names == ['array 0', 'array 1', str(image), *files, *frames]


def test_batches_change_no_answer(weights):
    inferencer = infer(weights('cls'))
    images = [pixels(seed=0), pixels(seed=1), pixels(24, 24), pixels(seed=3)]

    alone, batched = (inferencer(images, batch_size=size)['predictions'] for size in (1, 3))

    for one, other in zip(alone, batched, strict=True):
        assert torch.allclose(one.pred_score, other.pred_score, atol=1e-6)


def test_only_neighbours_of_one_size_share_a_batch():
    images = [Loaded(str(n), pixels(height)) for n, height in enumerate((8, 8, 8, 9, 9, 8))]
    images.insert(1, Loaded('bad', error='no'))

    batches = [[image.name for image in batch] for batch in same_sized(iter(images), 2)]

    assert batches == [['0'], ['bad'], ['1', '2'], ['3', '4'], ['5']]


def test_sixteen_bits_and_compiling_leave_the_answer_about_the_same(image):
    full = SR4IRInferencer(SCENES, device='cpu')(SCENE)['sr_images'][0].astype(int)
    half = SR4IRInferencer(SCENES, device='cpu', precision='bfloat16')(SCENE)
    difference = np.abs(half['sr_images'][0].astype(int) - full)

    assert 0 < difference.max() <= 16
    assert len(half['predictions'][0].pred_instances)


@pytest.mark.slow
def test_compiled_equals_eager():
    eager, compiled = (
        SR4IRInferencer(SCENES, device='cpu', compile=c)(SCENE) for c in (False, True)
    )

    boxes = [r['predictions'][0].pred_instances.bboxes for r in (eager, compiled)]
    assert torch.allclose(*boxes, atol=1e-3)


# ---- models and weights ----


@pytest.mark.parametrize('content', [b'', b'no weights'], ids=['empty', 'text'])
def test_a_file_that_is_no_checkpoint_is_named(tmp_path, content):
    path = tmp_path / 'bad.pth'
    path.write_bytes(content)

    with pytest.raises(UserError, match=r'bad\.pth is no checkpoint'):
        infer(path)


def test_weights_of_another_config_are_refused_by_the_first_keys(weights):
    path = weights('seg')

    with pytest.raises(
        UserError, match=r'lacks task_net\.head\.fc\.weight.*it has besides task_net'
    ):
        SR4IRInferencer(toy_config('cls'), path, device='cpu')


def test_weights_of_other_classes_are_refused_by_their_shape(weights):
    path = weights('cls')
    cfg = toy_config('cls')
    cfg['model']['task_net']['head']['num_classes'] = 5

    with pytest.raises(UserError, match=r'head\.fc\.weight \(\(3, 64\) instead of \(5, 64\)\)'):
        SR4IRInferencer(cfg, path, device='cpu')


@pytest.mark.parametrize(
    ('model', 'message'),
    [
        ('sr4ir_x8_clothin', 'did you mean sr4ir_x8_clothing'),
        (None, 'neither a model nor weights'),
        ('sr4ir/faster-rcnn-tiny_edsr-tiny_x4_sample', 'there are no weights for'),
    ],
)
def test_what_is_no_model_is_told_in_a_sentence(model, message):
    with pytest.raises(UserError, match=message):
        SR4IRInferencer(model, device='cpu')


def test_missing_weights_are_told():
    with pytest.raises(UserError, match=r'no\.pth do not exist'):
        infer('no.pth')


def test_a_checkpoint_in_the_place_of_the_model_is_taken_as_weights(weights, image):
    path = weights('cls')

    (named,) = SR4IRInferencer(path, device='cpu', show_progress=False)(str(image))['predictions']

    (expected,) = infer(path)(str(image))['predictions']
    assert torch.equal(named.pred_score, expected.pred_score)


def test_a_checkpoint_without_its_config_is_told(tmp_path, weights):
    path = weights('cls')
    torch.save(dict(state_dict=torch.load(path, weights_only=True)['state_dict']), path)

    with pytest.raises(UserError, match='holds no config'):
        infer(path)


def test_a_config_inside_a_checkpoint_is_read_without_being_executed(tmp_path):
    cfg = as_config('sr4ir/faster-rcnn-tiny_edsr-tiny_x4_sample')
    kept = {key: value for key, value in cfg.to_dict().items() if key in literals(config_text(cfg))}
    kept['model'].pop('init_from')
    assert literals(config_text(cfg)) == kept
    assert literals(cfg.pretty_text)['model'] == cfg.to_dict()['model']

    marker = tmp_path / 'executed'
    with pytest.raises(ValueError, match='malformed'):
        literals(f'model = __import__("pathlib").Path({str(marker)!r}).touch()')
    assert not marker.exists()


def test_modules_of_the_project_are_imported_or_missed_by_name(tmp_path, monkeypatch, weights):
    path = weights('cls')
    contents = torch.load(path, weights_only=True)
    contents['meta']['cfg'] += "custom_imports = dict(imports=['own_module_of_a_user'])\n"
    torch.save(contents, path)
    with pytest.raises(UserError, match='needs a module of the project.*own_module_of_a_user'):
        infer(path)

    (tmp_path / 'own_module_of_a_user.py').write_text('imported = True\n')
    monkeypatch.syspath_prepend(tmp_path)
    infer(path)

    assert sys.modules.pop('own_module_of_a_user').imported


def test_an_unknown_setting_is_told():
    with pytest.raises(UserError, match="input='LR' is unknown"):
        SR4IRInferencer(SCENES, input='LR')


# ---- bad images ----


def cmyk(path):
    Image.new('CMYK', (20, 20)).save(path)


def animated(path):
    frames = [Image.new('RGB', (20, 20), colour) for colour in ('red', 'blue')]
    frames[0].save(path, save_all=True, append_images=frames[1:])


def sixteen_bits(path):
    cv2.imwrite(str(path), np.full((20, 20, 3), 40000, np.uint16))


def truncated(path):
    content = cv2.imencode('.png', pixels(64, 64))[1].tobytes()
    path.write_bytes(content[: len(content) // 2])


BAD = {
    'cmyk.jpg': (cmyk, 'is a CMYK image'),
    'animated.gif': (animated, 'is animated'),
    'animated.png': (animated, 'is animated'),
    'deep.png': (sixteen_bits, 'has 16 bits a channel'),
    'deep.tif': (sixteen_bits, 'has 16 bits a channel'),
    'half.png': (truncated, 'truncated'),
    'empty.png': (lambda path: path.write_bytes(b''), 'is empty'),
    'text.jpg': (lambda path: path.write_text('hello'), 'cannot be read'),
    'missing.png': (lambda path: None, 'cannot be read'),
    'text.mp4': (lambda path: path.write_text('hello'), 'is no video'),
}


@pytest.fixture(scope='module')
def classifier(tmp_path_factory):
    return SR4IRInferencer(CLOTHING, device='cpu', show_progress=False)


@pytest.mark.parametrize('name', list(BAD))
def test_a_bad_file_is_told_in_a_sentence(name, tmp_path, classifier):
    make, message = BAD[name]
    make(tmp_path / name)

    with pytest.raises(UserError, match=message) as caught:
        classifier(tmp_path / name)

    assert name in str(caught.value)


@pytest.mark.parametrize(
    'array', [np.zeros((0, 4, 3), np.uint8), np.zeros((4, 4, 3)), np.zeros((4, 4, 4), np.uint8)]
)
def test_a_bad_array_is_told(array, classifier):
    with pytest.raises(UserError, match='is no image'):
        classifier(array)


@pytest.mark.parametrize(
    ('inputs', 'message'),
    [([], 'no image'), (3, 'an input is int'), ('nothing/*.png', 'no file fits')],
)
def test_bad_inputs_are_told(inputs, message, classifier):
    with pytest.raises(UserError, match=message):
        classifier(inputs)


def test_an_image_is_turned_as_its_exif_tag_says_as_the_training_loader_does(tmp_path, classifier):
    picture = Image.fromarray(pixels(20, 28))
    exif = picture.getexif()
    exif[0x0112] = 6
    picture.save(tmp_path / 'turned.jpg', exif=exif, quality=95)

    (sample,) = classifier(tmp_path / 'turned.jpg')['predictions']

    from sr4ir_mm.datasets.transforms import LoadImage

    trained_on = LoadImage()({'img_path': str(tmp_path / 'turned.jpg')})['img']
    assert trained_on.shape == (28, 20, 3)
    lr = sample.get('lr_rgb01').mul(255).round().byte().permute(1, 2, 0).numpy()
    assert np.array_equal(lr[..., ::-1], trained_on)


def test_one_bad_image_leaves_the_others(tmp_path, image, classifier):
    (tmp_path / 'bad.png').write_bytes(b'')

    results = classifier(tmp_path)

    assert results['names'] == [str(image)]
    assert list(results['errors']) == [str(tmp_path / 'bad.png')]


def test_a_full_gpu_is_told_and_larger_batches_are_taken_one_by_one(classifier, monkeypatch):
    whole = classifier.model.test_step

    def small_gpu(data):
        if len(data['inputs']) > 1 or data['inputs'][0].shape[-1] > 30:
            raise torch.cuda.OutOfMemoryError('CUDA out of memory')
        return whole(data)

    monkeypatch.setattr(classifier.model, 'test_step', small_gpu)
    results = classifier([pixels(), pixels(seed=1), pixels(40, 40)], batch_size=2)

    assert len(results['predictions']) == 2
    assert (
        'array 2 (40 x 40 px) does not fit into the memory of cpu' in results['errors']['array 2']
    )


# ---- command line ----


def run_tool(monkeypatch, path, *arguments):
    monkeypatch.setattr(sys, 'argv', [path, *map(str, arguments)])
    try:
        runpy.run_path(str(ROOT / path), run_name='__main__')
    except SystemExit as stop:
        return stop.code or 0
    return 0


def test_a_folder_with_a_bad_image_is_finished_and_not_called_a_success(
    tmp_path, monkeypatch, capsys, image
):
    (tmp_path / 'bad.png').write_bytes(b'')
    out = tmp_path / 'out'

    arguments = [tmp_path, '--model', CLOTHING, '--device', 'cpu', '--out-dir', out]
    assert run_tool(monkeypatch, 'tools/predict.py', *arguments) == 2

    told = capsys.readouterr()
    assert 'bad.png: skipped: ' in told.out
    assert 'error: 1 of 2 images could not be used' in told.err
    assert cv2.imread(str(out / 'lr.png')) is not None
    assert cv2.imread(str(out / 'sr' / 'lr.png')).shape == (160, 224, 3)
    assert '"name"' in (out / 'predictions.json').read_text()


def test_images_of_one_name_get_files_of_their_own(tmp_path, monkeypatch, weights):
    for folder in ('a', 'b'):
        (tmp_path / folder).mkdir()
        cv2.imwrite(str(tmp_path / folder / 'x.png'), pixels())
    path, out = weights('seg'), tmp_path / 'out'

    arguments = [tmp_path / 'a', tmp_path / 'b', '--weights', path, '--device', 'cpu']
    assert run_tool(monkeypatch, 'tools/predict.py', *arguments, '--out-dir', out) == 0

    assert sorted(file.name for file in out.glob('*.png')) == ['x.png', 'x_2.png']
    assert cv2.imread(str(out / 'labels' / 'x_2.png'), -1).shape == (20, 28)


def test_published_weights_predict_from_the_command_line(
    tmp_path, monkeypatch, capsys, image, weights
):
    source = weights('cls')
    contents = torch.load(source, weights_only=True)
    classes = ('left', 'middle', 'right')
    meta = dict(contents['meta'], dataset_meta=dict(classes=classes), epoch=3)
    torch.save(dict(contents, optimizer={'x': torch.zeros(9)}, meta=meta), source)

    publish = 'tools/model_converters/publish_model.py'
    assert run_tool(monkeypatch, publish, source, tmp_path / 'small.pth', '--half') == 0
    (small,) = tmp_path.glob('small-????????.pth')
    published = torch.load(small, weights_only=True)
    assert set(published) == {'meta', 'state_dict'}
    assert published['meta']['dataset_meta'] == {'classes': list(classes)}
    assert 'init_from' not in published['meta']['cfg']

    arguments = [image, '--weights', small, '--device', 'cpu', '--out-dir', tmp_path / 'out']
    assert run_tool(monkeypatch, 'tools/predict.py', *arguments) == 0
    told = capsys.readouterr().out
    assert any(f'lr.png: {name} ' in told for name in classes)


def test_one_network_alone_is_published(tmp_path, monkeypatch, capsys, weights):
    publish = 'tools/model_converters/publish_model.py'
    source = weights('cls')

    assert run_tool(monkeypatch, publish, source, tmp_path / 'sr.pth', '--net', 'sr_net') == 0
    (path,) = tmp_path.glob('sr-????????.pth')
    whole = torch.load(source, weights_only=True)['state_dict']
    kept = torch.load(path, weights_only=True)['state_dict']
    assert set(kept) == {name for name in whole if name.startswith('sr_net.')}

    assert run_tool(monkeypatch, publish, source, tmp_path / 'x.pth', '--net', 'sr') == 2
    assert "no network 'sr'; choose one of sr_net, task_net" in capsys.readouterr().err


def test_the_demo_takes_a_config_and_a_checkpoint(tmp_path, monkeypatch, capsys, image, weights):
    path = weights('cls')
    (tmp_path / 'config.py').write_text(as_config(toy_config('cls')).pretty_text)

    arguments = [image, tmp_path / 'config.py', path, '--out-dir', tmp_path / 'out']
    assert run_tool(monkeypatch, 'demo/image_demo.py', *arguments) == 0

    assert 'lr.png: ' in capsys.readouterr().out


def test_publishing_a_missing_checkpoint_is_refused(tmp_path, monkeypatch, capsys):
    publish = 'tools/model_converters/publish_model.py'

    assert run_tool(monkeypatch, publish, tmp_path / 'no.pth', tmp_path / 'x.pth') == 2

    assert 'no.pth does not exist' in capsys.readouterr().err
