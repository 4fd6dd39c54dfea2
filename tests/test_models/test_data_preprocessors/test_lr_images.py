"""Where LR images come from: random degradations in evaluation, files, and LR images alone in training."""

import pytest
import torch
from mmengine.config import ConfigDict

from sr4ir_mm.utils.errors import UserError
from tests import toy

NOISY = dict(
    type='sr4ir_mm.DegradationChain',
    steps=[
        dict(type='sr4ir_mm.GaussianBlur', sigma=(0.5, 3.0), anisotropic=0.5),
        dict(type='sr4ir_mm.Resize', divisor=(2, 8), modes=['bilinear', 'bicubic', 'area']),
        dict(type='sr4ir_mm.GaussianNoise', sigma=(1, 20)),
        dict(type='sr4ir_mm.JPEG', quality=(30, 90)),
    ],
)
SIZES = [(64, 64), (50, 61), (33, 40)]
TASK = dict(type='sr4ir_mm.TaskPhase', images=dict(up=1.0))


def named_batch(task, indices):
    """Images of several sizes; an index always gives the same image under the same name."""
    batch = dict(inputs=[], data_samples=[])
    for index in indices:
        one = toy.batch(task, (SIZES[index],), seed=index)
        one['data_samples'][0].set_metainfo(dict(img_path=f'/anywhere/{index}.png'))
        for key, items in one.items():
            batch[key] += items
    return batch


def degraded(model, indices, training=False):
    """LR images without their border, by index."""
    batch = model.data_preprocessor(named_batch('det', indices), training)['inputs']
    sizes = [tuple(-(-side // toy.SCALE) for side in SIZES[index]) for index in indices]
    return {
        index: image[:, :h, :w]
        for index, image, (h, w) in zip(indices, batch.lr_rgb01, sizes, strict=True)
    }


def test_evaluation_is_equal_for_any_order_and_batch():
    model = toy.build('det', degradation=NOISY).eval()
    together = degraded(model, [0, 1, 2])
    torch.manual_seed(99)
    alone = {i: degraded(model, [i])[i] for i in (2, 0, 1)}
    pair = degraded(model, [1, 0])

    for index in range(3):
        assert torch.equal(together[index], alone[index])
    assert torch.equal(pair[0], alone[0])
    assert torch.equal(pair[1], alone[1])


def test_an_image_without_a_name_is_known_by_its_pixels():
    model = toy.build('cls', degradation=NOISY).eval()
    first, again, other = (
        model.data_preprocessor(toy.batch('cls', seed=seed), False)['inputs'].lr_rgb01
        for seed in (0, 0, 5)
    )

    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_training_draws_anew():
    model = toy.build('det', degradation=NOISY)

    assert not torch.equal(degraded(model, [0], True)[0], degraded(model, [0], True)[0])


def stored_batch(task, sizes, lr_sizes):
    """A batch with LR images of its own: blue on the left, else black, in the loader's order BGR."""
    lr_inputs = []
    for height, width in lr_sizes:
        image = torch.zeros(3, height, width, dtype=torch.uint8)
        image[0, :, : width // 2] = 255
        lr_inputs.append(image)
    return {**toy.batch(task, sizes), 'lr_inputs': lr_inputs}


@pytest.mark.parametrize('training', [True, False])
def test_lr_images_from_files_are_used_as_they_are(training):
    model = toy.build('det')
    data = stored_batch('det', [(64, 48), (37, 50)], [(16, 12), (10, 13)])
    batch = model.data_preprocessor(data, training)['inputs']

    assert batch.lr_rgb01.shape[-2:] == tuple(s // toy.SCALE for s in batch.hr_rgb01.shape[-2:])
    for image, (height, width) in zip(batch.lr_rgb01, [(16, 12), (10, 13)], strict=True):
        assert (image[2, :height, : width // 2] == 1).all()
        assert image[:2].max() == 0
        assert image[:, :height, width // 2 : width].max() == 0
    plain = model.data_preprocessor(toy.batch('det', [(64, 48), (37, 50)]), training)['inputs']
    assert torch.equal(batch.hr_rgb01, plain.hr_rgb01)


def test_an_lr_image_of_another_size_is_told():
    model = toy.build('det')
    with pytest.raises(UserError, match='comes with 48 x 64 px, which at scale 4 needs 12 x 16'):
        model.data_preprocessor(stored_batch('det', [(64, 48)], [(16, 16)]), True)


@pytest.mark.parametrize('augment', ['Mixup', 'CutMix'])
def test_mixed_hr_images_beside_lr_images_from_files_are_refused(augment):
    cfg = toy.classifier(train_cfg=dict(augments=[dict(type=augment, alpha=1.0)]))
    model = toy.build('cls', task_net=ConfigDict(cfg))
    data = stored_batch('cls', [(64, 64)] * 2, [(16, 16)] * 2)
    with pytest.raises(UserError, match='do not follow the batch_augments'):
        model.data_preprocessor(data, True)
    model.data_preprocessor(stored_batch('cls', [(64, 64)] * 2, [(16, 16)] * 2), False)


def lr_model(task, **kwargs):
    return toy.build(
        task, phases=[TASK], data_preprocessor=dict(train_input='lr'), sr_net=None, **kwargs
    )


def test_boxes_grow_with_lr_images():
    data = toy.batch('det', ((16, 20),))
    before = data['data_samples'][0].gt_instances.bboxes.clone()
    batch = lr_model('det').data_preprocessor(data, True)['inputs']

    assert batch.hr_rgb01 is None
    assert torch.equal(batch.samples[0].gt_instances.bboxes, before * toy.SCALE)
    assert tuple(batch.samples[0].img_shape) == (64, 80)
    assert torch.equal(data['data_samples'][0].gt_instances.bboxes, before)


def test_label_maps_grow_with_lr_images():
    data = toy.batch('seg', ((16, 20),))
    labels = data['data_samples'][0].gt_sem_seg.data.clone()
    batch = lr_model('seg').data_preprocessor(data, True)['inputs']
    grown = batch.samples[0].gt_sem_seg.data

    assert grown.shape == (1, 64, 80)
    assert torch.equal(grown[..., 1 :: toy.SCALE, 3 :: toy.SCALE], labels)


@pytest.mark.parametrize('task', ['det', 'seg', 'cls'])
@pytest.mark.parametrize('kind', ['up', 'sr'])
def test_the_task_network_trains_on_lr_images_alone(task, kind):
    phase = dict(type='sr4ir_mm.TaskPhase', images={kind: 1.0})
    model = toy.build(
        task,
        phases=[phase],
        data_preprocessor=dict(train_input='lr'),
        **(dict(sr_net=None) if kind == 'up' else {}),
    )
    optimizers, before = toy.optim_wrapper(model), toy.snapshot(model.task_net)
    logs = model.train().train_step(toy.batch(task), optimizers)

    assert all(torch.isfinite(value).all() for value in logs.values())
    assert toy.changed(before, model.task_net)


def test_drawn_kinds_need_no_hr_image():
    phase = dict(type='sr4ir_mm.TaskPhase', images=dict(up=0.5, sr=0.5), draw='sample')
    model = toy.build('cls', phases=[phase], data_preprocessor=dict(train_input='lr'))
    logs = model.train().train_step(toy.batch('cls', ((16, 16),) * 4), toy.optim_wrapper(model))

    assert torch.isfinite(logs['loss'])


@pytest.mark.parametrize(
    'phase', [toy.TASK_PHASE, toy.SR_PHASE, dict(type='sr4ir_mm.TaskPhase', images=dict(hr=1.0))]
)
def test_what_needs_hr_images_is_refused(phase):
    with pytest.raises(UserError, match='needs HR images'):
        toy.build('cls', phases=[phase], data_preprocessor=dict(train_input='lr'))


def test_evaluation_in_mixed_precision_sees_the_same_lr_images():
    """As ``val_cfg=dict(fp16=True)`` evaluates; the blur is a convolution, which autocast would run in 16 bits."""
    model = toy.build('cls', degradation=NOISY).eval()
    images = []
    for reduced in (False, True):
        with torch.autocast('cpu', torch.bfloat16, enabled=reduced):
            batch = model.data_preprocessor(named_batch('cls', [0, 1]), False)['inputs']
        images.append(batch.lr_rgb01)
    assert torch.equal(*images)


def test_jitter_out_of_the_range_stays_with_the_task_network():
    model = toy.build('det')
    batch = toy.batch('det', ((32, 32),), seed=0)
    jittered = batch['inputs'][0].float() * 1.5 - 40
    assert jittered.min() < 0
    assert jittered.max() > 255
    batch['inputs'] = [jittered]

    pair = model.data_preprocessor(batch, True)['inputs']

    assert pair.hr_rgb01.min() == 0
    assert pair.hr_rgb01.max() == 1
    shown = model.adapter.space.to_image(pair.task_inputs)
    assert shown.min() < 0
    assert shown.max() > 1
    inside = (shown >= 0) & (shown <= 1)
    assert torch.equal(pair.hr_rgb01[inside], shown[inside])
