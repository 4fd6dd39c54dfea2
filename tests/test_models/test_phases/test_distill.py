"""Distillation of an HR-trained network into the task network, and TDP losses of several networks."""

import pytest
import torch

from sr4ir_mm.models import DistillLoss, TDPLoss
from sr4ir_mm.models.settings import check_lender
from sr4ir_mm.structures import Progress
from sr4ir_mm.testing.samples import make_batch
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.modules import eval_mode
from tests import toy

SR = dict(type='sr4ir_mm.SRPhase', pixel=dict(weight=1.0), tdp=dict(weight=1.0))
WEIGHTS = dict(sr=0.5, hr=0.5)


def task_phase(**options):
    return {'type': 'sr4ir_mm.TaskPhase', 'images': WEIGHTS, 'distill': dict(weight=2.0), **options}


def build(task='cls', sr=SR, **options):
    phases = [sr, task_phase(**options)]
    return toy.build(task, phases=phases, extractor='task_net').train()


def context_of(model, progress=None):
    batch = make_batch(model.task_net, [(toy.SIDE, toy.SIDE)] * 2)
    return model.phase_context(model.data_preprocessor(batch, True)['inputs'], progress)


@pytest.mark.parametrize('task', toy.TASK_NETS)
def test_features_are_drawn_to_those_of_hr_images(task):
    model = build(task)
    context = context_of(model)
    images, layers = context.images, model.default_layers

    losses = model.phases[1].compute_losses(context)

    with torch.no_grad():
        with eval_mode(model.extractor):
            teacher = model.adapter.features(model.extractor, images.hr_rgb01, images.batch, layers)
        student = model.adapter.features(model.task_net, images.get('sr'), images.batch, layers)
    expected = sum((s - t).abs().mean() for s, t in zip(student, teacher, strict=True)) / len(
        layers
    )
    assert losses['sr.loss_distill'].item() == pytest.approx(0.5 * 2.0 * expected.item(), rel=1e-4)
    assert 'hr.loss_distill' in losses


def test_its_gradient_reaches_the_task_network_alone():
    model = build()
    losses = model.phases[1].compute_losses(context_of(model))

    losses['sr.loss_distill'].backward()

    reached = {name.partition('.')[0] for name, p in model.named_parameters() if p.grad is not None}
    assert reached == {'task_net'}


@pytest.mark.parametrize(
    'options', [dict(draw='sample'), dict(draw='iteration'), dict(concat=True)]
)
def test_it_holds_for_every_way_to_pass_kinds(options):
    losses = build(**options).phases[1].compute_losses(context_of(build(**options)))

    (name,) = [key for key in losses if 'distill' in key]
    assert losses[name] > 0


def test_the_same_network_on_the_same_images_has_nothing_to_learn():
    model = build(images=dict(hr=1.0))
    model.extractor.load_state_dict(model.task_net.state_dict())
    with eval_mode(model.task_net):
        losses = model.phases[1].compute_losses(context_of(model))

    assert losses['hr.loss_distill'].item() == pytest.approx(0.0, abs=1e-6)


def test_it_may_start_late():
    model = build(distill=dict(weight=1.0, begin=0.5))

    early = model.phases[1].compute_losses(context_of(model, Progress(4, 10)))
    late = model.phases[1].compute_losses(context_of(model, Progress(5, 10)))

    assert 'sr.loss_distill' not in early
    assert 'sr.loss_distill' in late
    assert model.loss_starts() == [0.5]


def test_hr_features_of_the_extractor_are_made_once_an_iteration(monkeypatch):
    model = build(sr=dict(SR, tdp=dict(weight=1.0, nets=['extractor'])))
    context, calls = context_of(model), []
    forward = model.extractor.extract_feat
    monkeypatch.setattr(
        model.extractor, 'extract_feat', lambda *a, **k: calls.append(a) or forward(*a, **k)
    )

    for phase in model.phases:
        phase.compute_losses(context)

    assert len(calls) == 2  # SR images for TDP, HR images for both losses


def test_tdp_of_two_networks_is_the_mean_of_both():
    both = dict(SR, tdp=dict(weight=1.0, nets=['task_net', 'extractor']))
    model = build(sr=both)
    values = []
    for nets in (['task_net', 'extractor'], ['task_net'], ['extractor']):
        model.phases[0].losses.tdp.nets = nets
        values.append(model.phases[0].compute_losses(context_of(model))['loss_tdp'].item())

    assert values[0] == pytest.approx((values[1] + values[2]) / 2, rel=1e-4)


@pytest.mark.parametrize('phase', [task_phase(), dict(SR, tdp=dict(nets=['extractor']))])
def test_without_an_extractor_there_is_nothing_to_learn_from(phase):
    with pytest.raises(UserError, match=r'model\.extractor is None; set it to'):
        toy.build('cls', phases=[phase])


def test_a_random_extractor_is_refused_unless_asked_for():
    model = dict(phases=[task_phase()], extractor='task_net', task_net=dict())

    with pytest.raises(UserError, match=r'nothing loads weights into it, so its distill loss'):
        check_lender(dict(model=model))
    check_lender(dict(model=dict(model, init_from=dict(extractor='random'))))


def test_divergence_of_logits_is_that_of_their_distributions():
    student, teacher = torch.randn(4, 5), torch.randn(4, 5)
    loss = DistillLoss(criterion='kl', temperature=2.0)

    p, q = (teacher / 2).softmax(1), (student / 2).softmax(1)
    expected = 4 * (p * (p.log() - q.log())).sum(1).mean()
    assert loss([student], [teacher]).item() == pytest.approx(expected.item(), rel=1e-5)
    maps = student[..., None, None].expand(4, 5, 3, 3), teacher[..., None, None].expand(4, 5, 3, 3)
    assert loss([maps[0]], [maps[1]]).item() == pytest.approx(expected.item(), rel=1e-5)


def test_normalised_features_differ_in_direction_only():
    features = torch.rand(2, 4, 3, 3)

    assert TDPLoss(normalize=True)([3 * features], [features]).item() == pytest.approx(0, abs=1e-6)
    assert TDPLoss()([3 * features], [features]) > 0


@pytest.mark.parametrize('distill', [dict(), dict(begin=0.5)])
def test_its_settings_may_all_be_the_usual_ones(distill):
    model = build(distill=distill)

    assert 'sr.loss_distill' in model.phases[1].compute_losses(context_of(model))
