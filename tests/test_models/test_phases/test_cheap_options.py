"""Options that make an iteration cheaper: drawn kinds, and an SR phase in some iterations only."""

from itertools import product

import pytest
import torch

from sr4ir_mm.structures import Progress
from sr4ir_mm.utils.errors import UserError
from tests import toy

WEIGHTS = dict(hr=0.6, up=0.2)


def model_and_batch(**options):
    """A classifier no layer of which depends on the batch, two images, one task phase."""
    net = toy.classifier()
    net['backbone']['norm_eval'] = True
    phase = dict(type='sr4ir_mm.TaskPhase', images=WEIGHTS, **options)
    model = toy.build('cls', task_net=net, phases=[phase]).train()
    return model, model.data_preprocessor(toy.batch('cls'), True)['inputs']


def gradient(model, batch):
    model.zero_grad()
    total, _ = model.parse_losses(model.phases[0].compute_losses(model.phase_context(batch)))
    total.backward()
    grads = [p.grad for p in model.task_net.parameters() if p.grad is not None]
    return total.detach(), torch.cat([grad.flatten() for grad in grads])


@pytest.mark.parametrize('draw', ['sample', 'iteration'])
def test_the_expected_gradient_is_that_of_all_kinds(draw, monkeypatch):
    """Exactly: the mean over every possible draw, weighted by its probability."""
    model, batch = model_and_batch()
    drawing, _ = model_and_batch(draw=draw)
    drawing.load_state_dict(model.state_dict())
    expected_loss, expected = gradient(model, batch)
    loss, mean = 0.0, torch.zeros_like(expected)
    share = {kind: weight / sum(WEIGHTS.values()) for kind, weight in WEIGHTS.items()}
    for kinds in product(WEIGHTS, repeat=len(batch) if draw == 'sample' else 1):
        monkeypatch.setattr(drawing.phases[0], '_draw_kinds', lambda count, k=list(kinds): k)
        probability = torch.tensor([share[kind] for kind in kinds]).prod()
        one_loss, one = gradient(drawing, batch)
        loss, mean = loss + probability * one_loss, mean + probability * one
    assert torch.allclose(loss, expected_loss, atol=1e-6)
    assert torch.allclose(mean, expected, atol=1e-6)


def test_kinds_are_drawn_by_their_weights():
    model, _ = model_and_batch(draw='sample')
    torch.manual_seed(0)
    kinds = model.phases[0]._draw_kinds(4000)
    assert kinds.count('hr') / len(kinds) == pytest.approx(0.75, abs=0.03)


def test_each_image_is_of_its_kind_and_sr_is_made_where_needed():
    model = toy.build('cls').train()
    batch = model.data_preprocessor(toy.batch('cls'), True)['inputs']
    context = model.phase_context(batch)
    seen = []
    original = context.images._super_resolve
    context.images._super_resolve = lambda lr: seen.append(len(lr)) or original(lr)
    drawn = context.images.draw(['hr', 'sr'])
    assert seen == [1]
    assert torch.equal(drawn[0], batch.hr_rgb01[0])
    with torch.no_grad():
        assert torch.allclose(drawn[1], model.sr_net(batch.lr_rgb01)[1], atol=1e-6)
    up = context.images.get('up')
    assert torch.equal(context.images.draw(['up', 'hr'])[0], up[0])
    mixed = context.images.draw(['cqmix', 'cqmix'])
    from_hr = (mixed == batch.hr_rgb01).all(dim=1)
    assert 0 < from_hr.float().mean() < 1
    assert context.images.draw(['hr', 'hr']).requires_grad is False
    assert seen == [1, 2]


@pytest.mark.parametrize('task', ['cls', 'seg', 'det'])
def test_one_forward_pass_trains_the_task_net(task):
    phases = [dict(toy.SR_PHASE), dict(toy.TASK_PHASE, draw='sample')]
    model = toy.build(task, phases=phases)
    counters = {k for k in model.state_dict() if 'layer2' in k and 'num_batches' in k}
    before = {key: int(model.state_dict()[key]) for key in counters}
    logs = model.train().train_step(toy.batch(task), toy.optim_wrapper(model))
    assert {int(model.state_dict()[key]) - before[key] for key in counters} == {1}
    assert all(name.split('/')[1].startswith('drawn.') for name in logs if 'task_net/' in name)


def test_reuse_takes_the_sr_images_of_the_sr_phase(monkeypatch):
    phases = [toy.SR_PHASE, dict(toy.TASK_PHASE, draw='sample', reuse_sr=True)]
    model = toy.build('cls', phases=phases).train()
    calls = []
    original = model.super_resolve
    monkeypatch.setattr(model, 'super_resolve', lambda lr: calls.append(1) or original(lr))
    model.train_step(toy.batch('cls'), toy.optim_wrapper(model))
    assert len(calls) == 1


def test_the_sr_net_learns_in_every_third_iteration(monkeypatch):
    model = toy.build('cls', phases=[dict(toy.SR_PHASE, every=3), toy.TASK_PHASE]).train()
    wrappers = toy.optim_wrapper(model)
    moved = []
    for iteration in range(6):
        monkeypatch.setattr(Progress, 'of_run', lambda i=iteration: Progress(i, 6))
        before = toy.snapshot(model)
        model.train_step(toy.batch('cls', seed=iteration), wrappers)
        moved.append({key.split('.')[0] for key in toy.changed(before, model)})
    both, one = {'sr_net', 'task_net'}, {'task_net'}
    assert moved == [both, one, one, both, one, one]


def test_wrong_options_are_refused():
    with pytest.raises(UserError, match="'sample', 'iteration' or None"):
        toy.build('cls', phases=[dict(toy.TASK_PHASE, draw='image')])
    with pytest.raises(UserError, match='concat'):
        toy.build('cls', phases=[dict(toy.TASK_PHASE, draw='sample', concat=True)])
    with pytest.raises(UserError, match='every=0'):
        toy.build('cls', phases=[dict(toy.SR_PHASE, every=0), toy.TASK_PHASE])
    model = toy.build('cls', phases=[dict(toy.SR_PHASE, every=2), toy.TASK_PHASE])
    with pytest.raises(UserError, match='accumulative_counts to 1, or every to 1'):
        toy.optim_wrapper(model, accumulative_counts=2)


def test_nothing_accumulates_beside_a_discriminator_that_begins_late():
    """Its wrapper would count other iterations than the others', and a checkpoint would lack its gradients."""
    adversarial = dict(type='sr4ir_mm.SRPhase', pixel=dict(), adversarial=dict(begin=0.3))
    late = dict(type='sr4ir_mm.DiscriminatorPhase', begin=0.3)
    model = toy.build(
        'cls',
        phases=[adversarial, toy.TASK_PHASE, late],
        discriminator=dict(type='sr4ir_mm.ImageDiscriminator'),
    )
    with pytest.raises(UserError, match='DiscriminatorPhase leaves out iterations'):
        toy.optim_wrapper(model, accumulative_counts=2)
    toy.optim_wrapper(model)


def test_an_sr_network_whose_losses_all_begin_late_rests_until_then():
    sr = dict(type='sr4ir_mm.SRPhase', pixel=dict(begin=0.5), tdp=dict(begin=0.75))
    model = toy.build('cls', phases=[sr, toy.TASK_PHASE]).train()
    batch = model.data_preprocessor(toy.batch('cls'), True)['inputs']

    losses = [
        set(model.phases[0].compute_losses(model.phase_context(batch, Progress(i, 8))))
        for i in (3, 4, 6)
    ]

    assert losses == [set(), {'loss_pixel'}, {'loss_pixel', 'loss_tdp'}]
    assert model.phases[0].rests
    assert not toy.build('cls').phases[0].rests


def test_no_loss_begins_before_its_phase():
    sr = dict(type='sr4ir_mm.SRPhase', pixel=dict(), tdp=dict(begin=0.75), begin=0.5)
    phase = toy.build('cls', phases=[sr, toy.TASK_PHASE]).phases[0]

    active = [phase.active_losses(Progress(i, 8)) for i in (0, 3, 4, 6)]

    assert active == [set(), set(), {'pixel'}, {'pixel', 'tdp'}]
    assert phase.rests
    with pytest.raises(UserError, match=r'begin of SRPhase.*1\.0'):
        toy.build('cls', phases=[dict(sr, begin=1.0), toy.TASK_PHASE])


def test_a_resting_sr_network_cannot_accumulate():
    sr = dict(type='sr4ir_mm.SRPhase', pixel=dict(begin=0.5))
    model = toy.build('cls', phases=[sr, toy.TASK_PHASE])

    with pytest.raises(UserError, match=r'leaves out iterations, by every or by losses'):
        toy.optim_wrapper(model, accumulative_counts=2)
