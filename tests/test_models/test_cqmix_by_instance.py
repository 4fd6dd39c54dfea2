"""The patch mix by objects, and the share of SR that rises with the training."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from mmengine.structures import InstanceData

from sr4ir_mm.models import CQMix
from sr4ir_mm.structures import Progress
from sr4ir_mm.utils.errors import UserError
from tests import toy

INSTANCE = dict(grid=4, mode='instance')


def mixed_with(mix, objects, share=1.0):
    """SR is 1 and HR 0 everywhere, in images one row and column larger than the task inputs."""
    count, _, height, width = objects.shape
    sr = torch.ones(count, 3, height + 1, width + 1)
    results = mix(dict(sr_rgb01=sr, hr_rgb01=torch.zeros_like(sr), objects=objects, share=share))
    return results['cqmix_rgb01']


def context_of(task, progress=None, cqmix=INSTANCE, edit=None):
    model = toy.build(task, cqmix=cqmix).train()
    batch = model.data_preprocessor(toy.batch(task), True)['inputs']
    if edit:
        edit(batch)
    context = model.phase_context(batch, progress)
    context.images.remember_sr(batch.hr_rgb01 + 2)
    return context


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    height=st.integers(4, 30),
    width=st.integers(4, 30),
    density=st.sampled_from([0.0, 0.01, 0.5, 1.0]),
    curriculum=st.booleans(),
    share=st.floats(0, 1),
)
def test_pixels_are_sr_or_hr_and_objects_of_one_kind(
    seed, height, width, density, curriculum, share
):
    torch.manual_seed(seed)
    sr, hr = torch.rand(3, 3, height, width), torch.rand(3, 3, height, width) + 2
    objects = torch.rand(3, 1, height, width) < density
    mix = CQMix(4, mode='instance', curriculum=curriculum)
    mixed = mix(dict(sr_rgb01=sr, hr_rgb01=hr, objects=objects, share=share))['cqmix_rgb01']

    is_sr, is_hr = (mixed == sr).all(1, keepdim=True), (mixed == hr).all(1, keepdim=True)
    assert (is_sr | is_hr).all()
    for own, inside in zip(is_sr, objects, strict=True):
        if inside.any():
            kinds, others = own[inside].unique(), own[~inside].unique()
            assert len(kinds) == 1
            assert others.numel() == 0 or others.tolist() == [not kinds.item()]


def test_either_kind_by_a_fair_coin_and_the_border_is_background():
    torch.manual_seed(0)
    objects = torch.zeros(400, 1, 4, 4, dtype=torch.bool)
    objects[..., 1:3, 1:3] = True
    mixed = mixed_with(CQMix(4, mode='instance'), objects)
    inside, corner = mixed[:, 0, 1, 1], mixed[:, 0, -1, -1]
    assert torch.equal(inside, 1 - corner)
    assert inside.mean().item() == pytest.approx(0.5, abs=0.08)


def test_images_without_objects_keep_the_grid():
    torch.manual_seed(0)
    objects = torch.zeros(2, 1, 8, 8, dtype=torch.bool)
    objects[0, 0, :4] = True
    mixed = mixed_with(CQMix(3, mode='instance'), objects)
    torch.manual_seed(0)
    grid = CQMix(3)(dict(sr_rgb01=torch.ones(2, 3, 9, 9), hr_rgb01=torch.zeros(2, 3, 9, 9)))
    assert torch.equal(mixed[1], grid['cqmix_rgb01'][1])
    assert not torch.equal(mixed[0], grid['cqmix_rgb01'][0])


@pytest.mark.parametrize('mode', ['grid', 'instance'])
def test_the_share_of_sr_rises_until_the_middle(mode):
    torch.manual_seed(0)
    mix = CQMix(4, mode=mode, curriculum=True)
    objects = torch.zeros(600, 1, 8, 8, dtype=torch.bool)
    objects[..., :4, :4] = True
    found = {
        share: mixed_with(mix, objects, share)[:, 0, 0, 0].mean().item()
        for share in (0.0, 0.25, 0.5, 1.0)
    }
    assert found[0.0] == 0
    assert found[0.25] == pytest.approx(0.25, abs=0.06)
    assert found[0.5] == pytest.approx(0.5, abs=0.06)
    assert found[1.0] == pytest.approx(0.5, abs=0.06)


def test_the_grid_draws_as_before():
    torch.manual_seed(0)
    drawn = CQMix(4).sample_mask(5, torch.device('cpu'), 0.1)
    torch.manual_seed(0)
    assert torch.equal(drawn, torch.bernoulli(torch.full((5, 1, 4, 4), 0.5)))


def test_boxes_are_the_objects_of_detection():
    """One image has two boxes, of which one reaches out of it; the other has none."""

    def edit(batch):
        boxes = torch.tensor([[4.0, 8.0, 20.0, 16.0], [50.0, 40.0, 90.0, 90.0]])
        batch.samples[0].gt_instances = InstanceData(bboxes=boxes, labels=torch.zeros(2).long())
        batch.samples[1].gt_instances = InstanceData(bboxes=boxes[:0], labels=torch.zeros(0).long())

    context = context_of('det', edit=edit)
    objects = context.adapter.draw_objects(context.images.batch)
    expected = torch.zeros(toy.SIDE, toy.SIDE, dtype=torch.bool)
    expected[8:16, 4:20] = expected[40:, 50:] = True
    assert torch.equal(objects[0, 0], expected)
    assert not objects[1].any()
    from_sr = (context.images.get('cqmix') > 1).all(1)
    assert torch.equal(from_sr[0], expected) or torch.equal(from_sr[0], ~expected)
    assert 0 < from_sr[1].float().mean() < 1


def test_boxes_are_not_those_of_a_resized_input():
    adapter = dict(type='sr4ir_mm.DetectionAdapter', resize=dict(short=96, long=192, divisor=32))
    model = toy.build('det', cqmix=INSTANCE, adapter=adapter).train()
    batch = model.data_preprocessor(toy.batch('det'), True)['inputs']
    objects = model.adapter.draw_objects(batch)
    assert objects.shape == (2, 1, toy.SIDE, toy.SIDE)
    assert objects[0, 0, 4:40, 4:36].all()
    assert not objects[0, 0, :4].any()


def test_half_of_the_classes_present_are_the_objects_of_segmentation():
    def edit(batch):
        label = torch.full((1, toy.SIDE, toy.SIDE), 255)
        for index in range(5):
            label[:, 10 * index : 10 * index + 10] = 7 * index
        batch.samples[0].gt_sem_seg.data = label
        batch.samples[1].gt_sem_seg.data = torch.full_like(label, 3)

    context = context_of('seg', edit=edit)
    drawn = set()
    for _ in range(40):
        objects = context.adapter.draw_objects(context.images.batch)
        rows = objects[0, 0].all(1)
        assert torch.equal(rows, objects[0, 0].any(1))
        classes = rows[:50].view(5, 10)
        assert torch.equal(classes.all(1), classes.any(1))
        assert classes.all(1).sum() == 2
        assert not rows[50:].any()
        assert not objects[1].any()
        drawn |= set(classes.all(1).nonzero().flatten().tolist())
    assert drawn == set(range(5))


def test_classification_keeps_the_grid():
    images = {}
    for mode in ('grid', 'instance'):
        torch.manual_seed(0)
        context = context_of('cls', cqmix=dict(grid=4, mode=mode))
        torch.manual_seed(0)
        images[mode] = context.images.get('cqmix')
    assert torch.equal(images['grid'], images['instance'])


@pytest.mark.parametrize('task', toy.TASK_NETS)
def test_progress_reaches_the_mix(task):
    """At the start of a curriculum no object, and of the grid no cell, is SR."""
    cqmix = dict(INSTANCE, curriculum=True)
    context = context_of(task, Progress(0, 10), cqmix)
    torch.manual_seed(0)
    from_sr = (context.images.get('cqmix') > 1).all(1)
    torch.manual_seed(0)
    objects = context.adapter.draw_objects(context.images.batch)
    expected = torch.zeros_like(from_sr) if objects is None else ~objects[:, 0]
    assert torch.equal(from_sr, expected)


@pytest.mark.parametrize('task', ['det', 'seg'])
def test_drawn_rows_get_their_own_objects(task):
    context = context_of(task)
    torch.manual_seed(0)
    drawn = context.images.draw(['hr', 'cqmix'], reuse=True)
    torch.manual_seed(0)
    objects = context.adapter.draw_objects(context.images.batch)[1, 0]
    from_sr = (drawn > 1).all(1)
    assert not from_sr[0].any()
    assert torch.equal(from_sr[1], objects) or torch.equal(from_sr[1], ~objects)


@pytest.mark.parametrize('task', ['det', 'seg'])
def test_an_iteration_trains_with_it(task):
    phases = [toy.SR_PHASE, toy.TASK_PHASE]
    model = toy.build(task, phases=phases, cqmix=dict(INSTANCE, curriculum=True)).train()
    logs = model.train_step(toy.batch(task), toy.optim_wrapper(model))
    assert any(name.startswith('task_net/cqmix') for name in logs)
    assert all(value.isfinite().all() for value in logs.values())


def test_an_unknown_mode_is_told():
    with pytest.raises(UserError, match="mode='cells' is unknown"):
        CQMix(mode='cells')
