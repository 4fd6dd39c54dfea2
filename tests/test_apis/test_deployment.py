"""Exported files compute what PyTorch computes."""

import cv2
import pytest
import torch

from sr4ir_mm.apis import SR4IRInferencer
from sr4ir_mm.apis.checkpoints import as_config
from sr4ir_mm.apis.deployment import Graph, check_images, export, head_of
from sr4ir_mm.apis.exported import ExportedInferencer
from sr4ir_mm.apis.inferencer import build_model
from sr4ir_mm.utils.errors import UserError
from tests import toy
from tests.test_apis.test_inferencer import ROOT, toy_config

pytest.importorskip('onnxruntime')
IMAGES = [ROOT / 'demo/images/scene_lr.png', ROOT / 'demo/images/pants_lr.png']
SCENES, CLOTHING = 'sr4ir_x4_scenes-det', 'sr4ir_x8_clothing'


def inferencer_of(task, tmp_path, cfg=None):
    cfg = as_config(cfg or toy_config(task))
    torch.manual_seed(0)
    model = build_model(cfg)
    model.init_weights()
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'weights.pth')
    return SR4IRInferencer(cfg, tmp_path / 'weights.pth', device='cpu', show_progress=False)


@pytest.fixture
def photo(tmp_path):
    """A real LR image of 32 x 48 px, which the detector's preprocessor pads to 64."""
    image = cv2.resize(cv2.imread(str(IMAGES[0])), (48, 32), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(tmp_path / 'photo.png'), image)
    return tmp_path / 'photo.png'


def assert_same_answers(one, other):
    if 'pred_label' in one:
        assert torch.allclose(one.pred_score, other.pred_score, atol=1e-3)
    elif 'pred_sem_seg' in one:
        assert (one.pred_sem_seg.data == other.pred_sem_seg.data).float().mean() > 0.999
    else:
        first, second = one.pred_instances, other.pred_instances
        assert len(first) == len(second) > 0
        assert torch.allclose(first.scores, second.scores, atol=1e-3)
        assert torch.allclose(first.bboxes, second.bboxes, atol=1e-2)


@pytest.mark.parametrize('suffix', ['.onnx', '.pt2'])
@pytest.mark.parametrize('task', ['det', 'seg', 'cls'])
def test_a_file_of_any_size_equals_pytorch_and_gives_the_same_answers(
    task, suffix, tmp_path, photo
):
    inferencer = inferencer_of(task, tmp_path)

    size = None
    if (task, suffix) == ('det', '.pt2'):  # torch 2.4 cannot load feature pyramids of any size
        size = (64, 64)
        cv2.imwrite(str(photo), cv2.resize(cv2.imread(str(photo)), size))
    done = export(inferencer, tmp_path / f'model{suffix}', [photo], size=size)

    assert done.difference < 1e-3
    assert done.ends_with == {'det': 'bbox_head', 'seg': 'decode_head', 'cls': 'head'}[task]
    (expected,) = inferencer(photo)['predictions']
    (found,) = ExportedInferencer(inferencer, done.path)(photo)
    assert_same_answers(expected, found)


def test_a_two_stage_detector_goes_on_in_python_after_the_neck(tmp_path, photo):
    inferencer = SR4IRInferencer(SCENES, device='cpu', show_progress=False)

    done = export(inferencer, tmp_path / 'model.onnx', IMAGES)

    assert done.ends_with == 'neck'
    (expected,) = inferencer(photo)['predictions']
    (found,) = ExportedInferencer(inferencer, done.path)(photo)
    assert_same_answers(expected, found)


def test_the_sr_network_alone(tmp_path):
    inferencer = SR4IRInferencer(CLOTHING, device='cpu', show_progress=False)

    done = export(inferencer, tmp_path / 'sr.onnx', IMAGES, part='sr', size=(12, 16))

    assert done.ends_with == 'SR network'


def test_the_check_sees_several_sizes():
    sizes = {tuple(sample.shape[-2:]) for sample in check_images(IMAGES, None)}

    assert len(sizes) >= 2
    assert all(side % 8 == 0 for size in sizes for side in size)


class FixedSize(toy.ToySR):
    """Adds the width of the image that it was traced with, as tables made in Python do."""

    def forward(self, lr_rgb01):
        return super().forward(lr_rgb01 + int(lr_rgb01.shape[-1]))


def test_a_graph_that_does_not_take_other_sizes_is_refused_by_name(tmp_path):
    inferencer = inferencer_of('cls', tmp_path)
    inferencer.model.sr_net.net = FixedSize()

    with pytest.raises(UserError, match=r'FixedSize .*export one size with --size'):
        export(inferencer, tmp_path / 'model.onnx', [IMAGES[0]])

    done = export(inferencer, tmp_path / 'model.onnx', [IMAGES[0]], size=(24, 24))
    assert done.difference < 1e-3


def refused(change):
    cfg = toy_config('det')
    change(cfg['model'])
    model = build_model(as_config(cfg))
    with pytest.raises(UserError) as error:
        head_of(model)
    return str(error.value)


def test_a_resize_behind_the_sr_network_is_refused_by_name():
    sentence = refused(lambda model: model.update(adapter=dict(resize=dict(short=80, long=133))))

    assert sentence.startswith('RetinaNet enlarges SR images by adapter.resize')


def test_sliding_windows_are_refused_by_name():
    cfg = toy_config('seg')
    cfg['model']['task_net']['test_cfg'] = dict(mode='slide', crop_size=(32, 32), stride=(16, 16))

    with pytest.raises(UserError, match='sliding windows'):
        Graph(build_model(as_config(cfg)))


def test_other_detectors_are_refused_by_name(tmp_path):
    model = build_model(as_config(toy_config('det')))

    class DETR(torch.nn.Module):
        pass

    model.task_net = DETR()
    with pytest.raises(UserError, match='DETR cannot be exported with its task'):
        head_of(model)


def test_a_file_of_another_kind_is_refused(tmp_path):
    inferencer = inferencer_of('cls', tmp_path)

    with pytest.raises(UserError, match=r'must end in \.onnx or \.pt2'):
        export(inferencer, tmp_path / 'model.engine', [IMAGES[0]])


# ---- files that stay, and files of something else ----


def test_a_failed_export_leaves_the_earlier_file(tmp_path):
    inferencer = inferencer_of('cls', tmp_path)
    inferencer.model.sr_net.net = FixedSize()
    out = tmp_path / 'out' / 'model.onnx'
    out.parent.mkdir()
    out.write_text('an earlier file')

    with pytest.raises(UserError, match='export one size'):
        export(inferencer, out, [IMAGES[0]])

    assert out.read_text() == 'an earlier file'
    assert list(out.parent.iterdir()) == [out]


@pytest.mark.parametrize('name', ['file/model.onnx', 'folder.onnx', '/proc/sr4ir_mm/model.onnx'])
def test_a_file_that_cannot_be_written_is_told_first(name, tmp_path, monkeypatch):
    (tmp_path / 'file').touch()
    (tmp_path / 'folder.onnx').mkdir()
    inferencer = inferencer_of('cls', tmp_path)
    monkeypatch.setattr('sr4ir_mm.apis.deployment.exporting.Graph', None)

    with pytest.raises(UserError, match=r'model\.onnx cannot be written|folder\.onnx cannot be'):
        export(inferencer, tmp_path / name, [IMAGES[0]])


def test_a_size_that_the_model_pads_is_refused_by_the_size_to_give(tmp_path):
    inferencer = SR4IRInferencer(SCENES, device='cpu', show_progress=False)

    with pytest.raises(UserError, match='--size 24x24 .* pads such images to 32x32; give --size'):
        export(inferencer, tmp_path / 'model.onnx', [IMAGES[0]], size=(24, 24))


@pytest.fixture
def exported(tmp_path):
    inferencer = inferencer_of('cls', tmp_path)
    return inferencer, export(inferencer, tmp_path / 'model.onnx', [IMAGES[0]]).path


def test_a_path_may_be_a_string(exported, photo):
    inferencer, path = exported

    assert ExportedInferencer(inferencer, str(path))(photo)


@pytest.mark.parametrize(
    ('name', 'told'),
    [
        ('none.onnx', 'is no exported file'),
        ('weights.pth', 'is no exported file'),
        ('damaged.onnx', 'cannot be opened'),
        ('damaged.pt2', 'cannot be opened'),
    ],
)
def test_what_is_no_exported_file_is_told(name, told, exported, tmp_path):
    (tmp_path / 'damaged.onnx').write_text('hello')
    (tmp_path / 'damaged.pt2').write_text('hello')

    with pytest.raises(UserError, match=f'{name} {told}'):
        ExportedInferencer(exported[0], tmp_path / name)


@pytest.mark.parametrize('suffix', ['.onnx', '.pt2'])
def test_a_file_of_the_sr_network_is_told(suffix, tmp_path):
    inferencer = inferencer_of('cls', tmp_path)
    done = export(inferencer, tmp_path / f'sr{suffix}', [IMAGES[0]], part='sr', size=(24, 24))

    with pytest.raises(UserError, match='holds the SR network alone'):
        ExportedInferencer(inferencer, done.path)


def test_files_of_other_models_and_other_weights_are_told(exported, tmp_path):
    inferencer, path = exported
    with pytest.raises(UserError, match=r"another model \(networks \['ToySR', 'ImageClassifier'\]"):
        ExportedInferencer(inferencer_of('seg', tmp_path), path)

    torch.nn.init.constant_(inferencer.model.task_net.head.fc.bias, 9)
    with pytest.raises(UserError, match='computes other values than this model'):
        ExportedInferencer(inferencer, path)


def test_images_of_another_size_than_the_files_are_told(tmp_path, photo):
    inferencer = inferencer_of('cls', tmp_path)
    done = export(inferencer, tmp_path / 'model.pt2', [IMAGES[0]], size=(24, 24))

    with pytest.raises(UserError, match='does not run on an LR image of 32 x 48 px'):
        ExportedInferencer(inferencer, done.path)(photo)


def alone(model):
    model.update(sr_net=None, phases=[dict(type='sr4ir_mm.TaskPhase', images=dict(up=1.0))])


@pytest.mark.parametrize('change', [alone, lambda model: model.update(test_cfg=dict(image='up'))])
def test_a_file_is_shown_what_the_model_is_shown(change, tmp_path, photo):
    """L->T's bilinear images, aligned corners and all."""
    cfg = toy_config('cls')
    change(cfg['model'])
    inferencer = inferencer_of('cls', tmp_path, cfg)
    done = export(inferencer, tmp_path / 'model.onnx', [photo])
    (expected,) = inferencer(photo)['predictions']
    (found,) = ExportedInferencer(inferencer, done.path)(photo)
    assert torch.allclose(expected.sr_rgb01, found.sr_rgb01, atol=1e-4)
    assert_same_answers(expected, found)


@pytest.mark.parametrize('change', [lambda model: None, alone])
def test_a_model_of_hr_images_is_refused(change):
    """H->T has no SR network, and would be shown bilinear images without a word."""
    cfg = toy_config('cls')
    change(cfg['model'])
    cfg['model']['test_cfg'] = dict(image='hr')
    model = build_model(as_config(cfg))
    with pytest.raises(UserError, match=r"test_cfg.image='hr'.*export the SR network alone"):
        Graph(model)
    assert Graph(model, 'sr').part == 'sr'


def test_hr_images_that_the_scale_does_not_divide_are_refused(tmp_path, photo):
    inferencer = inferencer_of('cls', tmp_path)
    done = export(inferencer, tmp_path / 'model.onnx', [photo])
    hr = SR4IRInferencer(inferencer.cfg, tmp_path / 'weights.pth', device='cpu', input='hr')
    cv2.imwrite(str(photo), cv2.resize(cv2.imread(str(photo)), (66, 64)))
    with pytest.raises(UserError, match='64 x 66 of 64 x 68 px'):
        ExportedInferencer(hr, done.path)(photo)
