"""One normalisation, done by the task library's rules; padding never leaks (trap 6)."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sr4ir_mm.models.adapters.spaces import TaskSpace
from sr4ir_mm.models.data_preprocessors.lr_hr import extend
from sr4ir_mm.models.degradations import BicubicDegradation
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.images import quantize_rgb01
from tests import toy

TASKS = ('det', 'seg', 'cls')


def preprocess(task, sizes=((64, 64), (64, 64)), training=True, **kwargs):
    model = toy.build(task, **kwargs)
    data = toy.batch(task, sizes)
    return model, model.data_preprocessor(data, training)['inputs'], data


@pytest.mark.parametrize('task', TASKS)
def test_task_space_is_what_the_library_makes(task):
    model, batch, data = preprocess(task)
    expected = model.task_net.data_preprocessor(data, True)['inputs']
    assert torch.equal(batch.task_inputs, expected)
    assert torch.allclose(model.adapter.space.to_task(batch.hr_rgb01), expected, atol=1e-6)


@pytest.mark.parametrize('task', TASKS)
def test_image_space_is_exact_rgb(task):
    _, batch, data = preprocess(task)
    expected = torch.stack(data['inputs']).flip(1).float() / 255
    assert torch.equal(batch.hr_rgb01, expected)


def test_preprocessor_without_statistics_and_without_swap():
    """YOLOX: BGR, 0..255."""
    net = toy.detector()
    net['data_preprocessor'] = dict(type='DetDataPreprocessor', pad_size_divisor=32)
    model, batch, data = preprocess('det', task_net=net)
    assert torch.equal(batch.hr_rgb01, torch.stack(data['inputs']).flip(1).float() / 255)
    assert torch.allclose(model.adapter.space.to_task(batch.hr_rgb01), batch.task_inputs)


def test_to_task_is_differentiable():
    model, batch, _ = preprocess('det', sizes=((64, 64), (40, 56)))
    sr = batch.hr_rgb01.clone().requires_grad_()
    inputs, _ = model.adapter.to_task_inputs(sr, batch)
    inputs.sum().backward()
    assert sr.grad[0].abs().min() > 0
    assert sr.grad[1, :, :40, :56].abs().min() > 0
    assert sr.grad[1, :, 40:].abs().max() == 0


def test_a_preprocessor_that_mixes_channels_is_refused():
    class Grey(torch.nn.Module):
        def forward(self, data, training=False):
            grey = torch.stack(
                [i.float().mean(0, keepdim=True).expand(3, -1, -1) for i in data['inputs']]
            )
            return dict(inputs=grey, data_samples=None)

    with pytest.raises(UserError, match='mixes colour channels'):
        TaskSpace(Grey())


@pytest.mark.parametrize('task', ['det', 'cls'])
def test_padding_is_reset_to_the_librarys_own(task):
    """Different sizes in one batch: task inputs keep the library's padding, LR pixels never see it."""
    net = toy.TASK_NETS[task]()
    net['data_preprocessor'].update(pad_value=7) if task == 'det' else None
    model, batch, data = preprocess(task, sizes=((64, 64), (40, 56)), task_net=net)
    wrong = torch.full_like(batch.hr_rgb01, 0.5)
    inputs, _ = model.adapter.to_task_inputs(wrong, batch)
    assert torch.equal(inputs[1, :, 40:], batch.task_inputs[1, :, 40:])
    assert not torch.equal(inputs[1, :, :40, :56], batch.task_inputs[1, :, :40, :56])
    image = data['inputs'][1][None].flip(1).float() / 255
    alone = BicubicDegradation(toy.SCALE)(extend(image, (64, 64)))
    assert torch.equal(batch.lr_rgb01[1:], alone)


def test_sizes_that_the_scale_does_not_divide():
    model, batch, _ = preprocess('cls', sizes=((61, 47), (61, 47)))
    assert batch.hr_rgb01.shape[-2:] == (64, 48)
    assert batch.lr_rgb01.shape[-2:] == (16, 12)
    inputs, _ = model.adapter.to_task_inputs(model.super_resolve(batch.lr_rgb01), batch)
    assert inputs.shape[-2:] == (61, 47)


@pytest.mark.parametrize('size', [(3, 5), (1, 1), (2, 64)])
def test_images_smaller_than_the_scale(size):
    model, batch, data = preprocess('cls', sizes=(size, size))
    model.eval()
    sample = model.test_step(toy.batch('cls', (size, size)))[0]
    assert tuple(sample.get('sr_rgb01').shape[-2:]) == size
    assert sample.pred_score.isfinite().all()


@settings(max_examples=30, deadline=None)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    more_height=st.integers(0, 60),
    more_width=st.integers(0, 60),
)
def test_extend_keeps_the_image_and_reaches_the_target(height, width, more_height, more_width):
    image = torch.rand(1, 3, height, width)
    extended = extend(image, (height + more_height, width + more_width))
    assert extended.shape[-2:] == (height + more_height, width + more_width)
    assert torch.equal(extended[..., :height, :width], image)
    assert extended.min() >= image.min()
    assert extended.max() <= image.max()


@settings(max_examples=20, deadline=None)
@given(scale=st.integers(1, 8), height=st.integers(1, 6), width=st.integers(1, 6))
def test_bicubic_makes_eight_bit_images_of_the_right_size(scale, height, width):
    lr = BicubicDegradation(scale)(torch.rand(1, 3, height * scale, width * scale))
    assert lr.shape == (1, 3, height, width)
    assert torch.equal(lr, quantize_rgb01(lr))


def test_bicubic_is_the_references():
    hr = torch.rand(2, 3, 32, 24)
    expected = torch.nn.functional.interpolate(hr, scale_factor=0.25, mode='bicubic')
    expected = (expected * 255).round().clamp(0, 255) / 255
    assert torch.equal(BicubicDegradation(4)(hr), expected)
    filtered = BicubicDegradation(4, antialias=True)(hr)
    assert not torch.allclose(filtered, expected, atol=1e-2)


@pytest.mark.parametrize('task', TASKS)
def test_prediction_on_hr_equals_the_plain_task_network(task):
    """The wrapper adds nothing: on HR images it predicts what mmdet, mmseg, mmpretrain predict alone."""
    model = toy.build(task, test_cfg=dict(image='hr'))
    model.eval()
    ours = model.test_step(toy.batch(task))
    alone = model.task_net.test_step(toy.batch(task))
    for a, b in zip(ours, alone, strict=True):
        assert type(a) is type(b)
        for key in ('pred_instances', 'pred_sem_seg'):
            if key in b:
                assert all(
                    torch.equal(a.get(key).get(k), b.get(key).get(k)) for k in b.get(key).all_keys()
                )
        if 'pred_score' in b:
            assert torch.equal(a.pred_score, b.pred_score)


def test_mixup_reaches_the_sr_net():
    """Batch augmentations of the library happen before the LR image is made."""
    net = toy.classifier(train_cfg=dict(augments=[dict(type='Mixup', alpha=1.0)]))
    _, batch, data = preprocess('cls', sizes=((64, 64),) * 6, task_net=net)
    plain = torch.stack(data['inputs']).flip(1).float() / 255
    assert not torch.allclose(batch.hr_rgb01, plain)
    assert torch.allclose(batch.lr_rgb01, BicubicDegradation(4)(batch.hr_rgb01))
