"""Real/fake losses: values, and what their gradients reach."""

import pytest
import torch
import torch.nn.functional as F

from sr4ir_mm.models import AdversarialLoss, RealFakeBranch
from sr4ir_mm.models.settings import check_lender
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.modules import eval_mode, frozen
from tests import toy

SR_PHASE, TASK_PHASE = toy.SOD_MTGAN['phases']


def prepared(task='cls', **kwargs):
    torch.manual_seed(0)
    model = toy.build(task, **{**toy.SOD_MTGAN, **kwargs}).train()
    batch = model.data_preprocessor(toy.batch(task), True)['inputs']
    return model, model.phase_context(batch), batch


def reached(model):
    """Networks with a gradient other than zero."""
    return {
        name.split('.')[0]
        for name, p in model.named_parameters()
        if p.grad is not None and p.grad.abs().sum() > 0
    }


def test_the_loss_is_minus_the_logarithm_of_what_is_wanted():
    logits = torch.tensor([-2.0, 0.5])
    right = torch.sigmoid(logits)
    for real, chance in ((True, right), (False, 1 - right)):
        loss = AdversarialLoss(weight=0.5)(logits, real)
        assert torch.allclose(loss, -0.5 * chance.log().mean())


def test_the_branch_is_one_linear_layer_on_pooled_features():
    maps, tokens, vectors = torch.rand(2, 3, 4, 5), torch.rand(2, 7, 6), torch.rand(2, 5)
    branch = RealFakeBranch(3 + 6 + 5, ['a', 'b', 'c'])
    pooled = torch.cat([maps.mean((2, 3)), tokens.mean(1), vectors], 1)
    expected = pooled @ branch.linear.weight[0] + branch.linear.bias
    assert torch.allclose(branch([maps, tokens, vectors]), expected, atol=1e-6)
    assert sum(p.numel() for p in branch.parameters()) == 14 + 1


@pytest.mark.parametrize(
    ('task', 'layers', 'channels'),
    [('cls', ['backbone.-1'], 64), ('seg', ['backbone.-1'], 64), ('det', ['neck.0', 'neck.1'], 16)],
)
def test_the_branch_sits_where_a_tdp_loss_would_look(task, layers, channels):
    branch = toy.build(task, **toy.SOD_MTGAN).discriminator
    assert branch.layers == layers
    assert branch.linear.in_features == channels


def test_losses_by_hand():
    model, context, batch = prepared()
    sr_rgb01 = model.super_resolve(batch.lr_rgb01).detach()
    task_net = model.task_net

    def judge(image_rgb01):
        inputs = model.adapter.space.to_task(image_rgb01)
        (features,) = task_net.extract_feat(inputs, stage='backbone')
        pooled = features.mean((2, 3))
        labels = torch.cat([sample.gt_label for sample in batch.samples])
        task = F.cross_entropy(task_net.head.fc(pooled), labels)
        return task, model.discriminator.linear(pooled).squeeze(1)

    with eval_mode(task_net):
        task, logits = judge(sr_rgb01)
    losses = model.phases[0].compute_losses(context)
    assert torch.allclose(losses['loss_pixel'], (sr_rgb01 - batch.hr_rgb01).abs().mean())
    assert torch.allclose(losses['sr.loss'], task)
    assert torch.allclose(losses['loss_adversarial'], 0.001 * F.softplus(-logits).mean())

    # Copies of batch norm's statistics do not matter in train mode.
    (sr_task, fake), (hr_task, real) = judge(sr_rgb01), judge(batch.hr_rgb01)
    losses = model.phases[1].compute_losses(context)
    assert torch.allclose(losses['sr.loss'], 0.5 * sr_task, atol=1e-6)
    assert torch.allclose(losses['hr.loss'], 0.5 * hr_task, atol=1e-6)
    assert torch.allclose(losses['sr.loss_fake'], 0.001 * F.softplus(fake).mean())
    assert torch.allclose(losses['hr.loss_real'], 0.001 * F.softplus(-real).mean())


def test_the_sr_networks_adversarial_loss_reaches_it_alone():
    model, context, _ = prepared()
    with frozen(model.task_net, model.discriminator):
        model.phases[0].compute_losses(context)['loss_adversarial'].backward()
    assert reached(model) == {'sr_net'}
    assert all(p.grad.abs().sum() > 0 for p in model.sr_net.parameters())


@pytest.mark.parametrize('name', ['sr.loss_fake', 'hr.loss_real'])
def test_the_real_fake_loss_trains_the_branch_and_what_is_below_it(name):
    model, context, _ = prepared()
    with frozen(model.sr_net):
        model.phases[1].compute_losses(context)[name].backward()
    assert reached(model) == {'task_net', 'discriminator'}
    assert model.task_net.backbone.conv1.weight.grad.abs().sum() > 0
    assert model.task_net.head.fc.weight.grad is None


def test_one_pass_serves_the_task_losses_and_the_branch(monkeypatch):
    """Three passes an iteration: SR images in the SR phase, SR and HR images in the task phase."""
    model, context, _ = prepared()
    passes = []
    model.task_net.backbone.register_forward_hook(lambda *_: passes.append(1))
    for phase in model.phases:
        phase.compute_losses(context)
    assert len(passes) == 3


def test_without_task_losses_the_head_is_not_passed():
    phase = dict(SR_PHASE, task=0.0)
    model, context, _ = prepared(phases=[phase, TASK_PHASE])
    model.task_net.head.register_forward_hook(lambda *_: pytest.fail('passed'))
    assert set(model.phases[0].compute_losses(context)) == {'loss_pixel', 'loss_adversarial'}


def test_batch_norm_sees_the_task_phase_only():
    model = toy.build('cls', **toy.SOD_MTGAN).train()
    norm = model.task_net.backbone.bn1
    before = int(norm.num_batches_tracked)
    model.train_step(toy.batch('cls'), toy.optim_wrapper(model))
    assert int(norm.num_batches_tracked) == before + 2


def test_kinds_that_the_branch_judges_come_last():
    """Only the last part exchanges gradients between processes."""
    images = dict(sr=0.3, hr=0.3, cqmix=0.4)
    model, context, _ = prepared(phases=[SR_PHASE, dict(TASK_PHASE, images=images)])
    parts = [set(part()) for part in model.phases[1].loss_parts(context)]
    assert [{name.split('.')[0] for name in part} for part in parts] == [{'cqmix'}, {'sr'}, {'hr'}]
    assert [any('real' in n or 'fake' in n for n in part) for part in parts] == [False, True, True]


def test_the_branch_alone_sees_what_has_weight_0():
    task_phase = dict(TASK_PHASE, images=dict(sr=0.0, hr=1.0, cqmix=0.0))
    model, context, _ = prepared(phases=[SR_PHASE, task_phase])
    losses = [name for part in model.phases[1].loss_parts(context) for name in part()]
    assert {'sr.loss_fake', 'hr.loss_real'} <= set(losses)
    assert not [name for name in losses if name.startswith('cqmix')]


def test_losses_that_start_late():
    phase = dict(SR_PHASE, task=dict(begin=0.5), adversarial=dict(begin=0.25))
    model = toy.build('cls', **{**toy.SOD_MTGAN, 'phases': [phase, TASK_PHASE]})
    assert model.loss_starts() == [0.25, 0.5]


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(discriminator=None), 'SRPhase has a real/fake loss but discriminator is None; set'),
        (
            dict(discriminator=None, phases=[TASK_PHASE]),
            'AdversarialTaskPhase has a real/fake loss but discriminator is None',
        ),
        (dict(phases=[SR_PHASE, toy.TASK_PHASE]), 'is set but no phase trains it'),
        (
            dict(phases=[SR_PHASE, dict(TASK_PHASE, images=dict(sr=1.0))]),
            r"lacks \['hr'\] in images=",
        ),
        (dict(phases=[TASK_PHASE, toy.TASK_PHASE]), 'both train task_net'),
        (dict(discriminator=dict(layers=['backbone.9'])), "TDP layer 'backbone.9'"),
        (
            dict(phases=[dict(SR_PHASE, adversarial=dict(weight=-1)), TASK_PHASE]),
            'AdversarialLoss weight=-1',
        ),
    ],
)
def test_contradictions_are_told_in_one_sentence(options, message):
    with pytest.raises(UserError, match=message):
        toy.build('cls', **{**toy.SOD_MTGAN, **options})


def test_channels_that_cannot_be_found_are_asked_for(monkeypatch):
    net = toy.MODELS.build(toy.classifier())
    monkeypatch.setattr(net.backbone, 'forward', lambda x: 1 / 0)
    with pytest.raises(UserError, match='ZeroDivisionError.*discriminator.in_channels'):
        toy.build('cls', task_net=net, **toy.SOD_MTGAN)
    model = toy.build(
        'cls', task_net=net, **{**toy.SOD_MTGAN, 'discriminator': dict(in_channels=64)}
    )
    assert model.discriminator.linear.in_features == 64


def test_a_random_task_network_lends_no_judgement():
    model = dict(phases=[SR_PHASE], task_net=dict(type='X'))
    with pytest.raises(UserError, match='would be that of a random network'):
        check_lender(dict(model=model))
