"""Invariants of one training iteration (traps 1, 8 and 9)."""

import pytest
import torch
from torch import nn

from sr4ir_mm.utils.modules import eval_mode, frozen, steady_mode
from tests import toy

TASKS = ('det', 'seg', 'cls')


def step(model, task, times=1, wrapper=None):
    wrapper = wrapper or toy.optim_wrapper(model)
    model.train()
    for seed in range(times):
        logs = model.train_step(toy.batch(task, seed=seed), wrapper)
    return logs


@pytest.mark.parametrize('task', TASKS)
def test_both_networks_move(task):
    model = toy.build(task)
    before = toy.snapshot(model)
    logs = step(model, task)
    moved = {key.split('.')[0] for key in toy.changed(before, model)}
    assert moved == {'sr_net', 'task_net'}
    assert all(torch.isfinite(value).all() for value in logs.values())


def test_frozen_stages_stay_frozen():
    model = toy.build('det')
    trainable = {name for name, p in model.named_parameters() if p.requires_grad}
    stem = toy.snapshot(model.task_net.backbone.layer1)
    step(model, 'det', times=3)
    assert {name for name, p in model.named_parameters() if p.requires_grad} == trainable
    changed = toy.changed(stem, model.task_net.backbone.layer1)
    assert not {key for key in changed if 'running' not in key and 'num_batches' not in key}
    assert not any(p.requires_grad for p in model.task_net.backbone.layer1.parameters())


def test_frozen_restores_exactly_what_was_trainable_even_after_an_error():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    net[0].requires_grad_(False)
    inside = []

    def fail():
        with frozen(net):
            inside.extend(p.requires_grad for p in net.parameters())
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert inside == [False] * 4
    assert [p.requires_grad for p in net.parameters()] == [False, False, True, True]


def test_eval_mode_restores_each_flag():
    net = nn.Sequential(nn.BatchNorm1d(2), nn.Dropout())
    net.train()
    net[0].eval()
    with eval_mode(net):
        assert not any(m.training for m in net.modules())
    assert [m.training for m in net.modules()] == [True, False, True]


def test_steady_mode_stills_statistics_and_dropout_alone():
    """In eval mode the heads of RepPoints and DINO return what no loss can be computed of."""
    inner = nn.Sequential(nn.BatchNorm1d(2), nn.Dropout(), nn.Linear(2, 2)).eval()
    net = nn.Sequential(inner, nn.MultiheadAttention(2, 1), nn.BatchNorm1d(2))
    before = [m.training for m in net.modules()]
    with steady_mode(net):
        still = {type(m).__name__ for m in net.modules() if not m.training}
        assert still == {'BatchNorm1d', 'Dropout', 'MultiheadAttention'}
        assert inner.training
        assert inner[2].training
    assert [m.training for m in net.modules()] == before


def test_steady_mode_stills_mmcvs_synchronised_norms():
    """They have no base in common with torch's batch norms."""
    norm = type('SyncBatchNorm', (nn.Module,), {})()
    with steady_mode(norm):
        assert not norm.training


def test_an_idle_network_gives_the_losses_of_train_mode():
    """Frozen and in eval mode as it is, T->S can stand in front of any detector."""
    phase = dict(type='sr4ir_mm.SRPhase', pixel=dict(), task=1.0)
    model = toy.build('det', phases=[phase])
    flags = []
    loss = model.task_net.bbox_head.loss
    model.task_net.bbox_head.loss = lambda *args: flags.append(head.training) or loss(*args)
    head = model.task_net.bbox_head
    norms = toy.snapshot(model.task_net)
    step(model, 'det')
    assert flags == [True]
    assert not head.training
    assert not toy.changed(norms, model.task_net)


@pytest.mark.parametrize('task', TASKS)
def test_batch_norm_sees_the_task_phase_only(task):
    """+0 in the SR phase (TDP features in eval mode), +1 for each of three image kinds."""
    model = toy.build(task)
    flags = None
    wrapper = toy.optim_wrapper(model)
    model.train()
    flags = {name: m.training for name, m in model.named_modules()}
    counters = {k: v for k, v in model.state_dict().items() if 'layer2' in k and 'num_batches' in k}
    assert counters
    before = {key: int(value) for key, value in counters.items()}
    model.train_step(toy.batch(task), wrapper)
    after = model.state_dict()
    assert {int(after[key]) - before[key] for key in before} == {3}
    assert {name: m.training for name, m in model.named_modules()} == flags


def test_tdp_gradient_reaches_the_sr_net_only():
    model = toy.build('cls', phases=[dict(type='sr4ir_mm.SRPhase', tdp=dict()), toy.TASK_PHASE])
    batch = model.data_preprocessor(toy.batch('cls'), True)['inputs']
    with frozen(model.task_net):
        losses = model.phases[0].compute_losses(model.phase_context(batch))
        losses['loss_tdp'].backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.sr_net.parameters())
    assert all(p.grad is None for p in model.task_net.parameters())


def test_second_phase_uses_the_updated_sr_net(monkeypatch):
    """The reference super-resolves twice: the task net trains on images of the new weights."""
    model = toy.build('cls')
    seen = []
    original = model.super_resolve
    monkeypatch.setattr(model, 'super_resolve', lambda lr: seen.append(original(lr)) or seen[-1])
    step(model, 'cls')
    first, second = seen
    assert first.requires_grad
    assert not second.requires_grad
    assert not torch.equal(first, second)


def test_reuse_sr_saves_the_second_forward(monkeypatch):
    phase = dict(toy.TASK_PHASE, reuse_sr=True)
    model = toy.build('cls', phases=[toy.SR_PHASE, phase])
    calls = []
    original = model.super_resolve
    monkeypatch.setattr(model, 'super_resolve', lambda lr: calls.append(1) or original(lr))
    step(model, 'cls')
    assert len(calls) == 1


def test_log_keys_are_readable_by_mmengine():
    """No key ends in 'lr' (printed as a learning rate) and no phase overwrites another's."""
    model = toy.build('det')
    logs = step(model, 'det')
    assert not [key for key in logs if key.endswith('lr')]
    assert {'sr_net/loss_pixel', 'sr_net/loss_tdp', 'loss'} <= set(logs)
    assert all(f'task_net/{kind}.loss_cls' in logs for kind in ('sr', 'hr', 'cqmix'))
    parts = [
        value for key, value in logs.items() if 'loss' in key.rsplit('/')[-1] and key != 'loss'
    ]
    assert torch.allclose(sum(parts), logs['loss'])


def test_task_weights_scale_losses_not_accuracy():
    torch.manual_seed(1)
    full = toy.build(
        'seg', phases=[dict(type='sr4ir_mm.TaskPhase', images=dict(hr=1.0))], sr_net=None
    )
    half = toy.build(
        'seg', phases=[dict(type='sr4ir_mm.TaskPhase', images=dict(hr=0.5))], sr_net=None
    )
    half.load_state_dict(full.state_dict())
    logs_full, logs_half = (step(model, 'seg') for model in (full, half))
    assert torch.allclose(0.5 * logs_full['loss'], logs_half['loss'])
    assert torch.equal(
        logs_full['task_net/hr.decode.acc_seg'], logs_half['task_net/hr.decode.acc_seg']
    )


def test_concat_equals_separate_passes_without_batch_norm():
    """One joined pass computes the same loss when no layer depends on the batch."""
    net = toy.classifier()
    net['backbone']['norm_eval'] = True
    phases = [
        dict(toy.TASK_PHASE, concat=concat, images=dict(hr=0.5, up=0.5)) for concat in (False, True)
    ]
    models = [toy.build('cls', task_net=net, phases=[p], sr_net=None) for p in phases]
    models[1].load_state_dict(models[0].state_dict())
    separate, joined = (step(model, 'cls')['loss'] for model in models)
    assert torch.allclose(separate, joined, atol=1e-5)


def test_an_untrained_network_is_frozen_and_in_eval_mode():
    model = toy.build('cls', phases=[dict(type='sr4ir_mm.TaskPhase', images=dict(sr=1.0))])
    before = toy.snapshot(model.sr_net)
    step(model, 'cls')
    assert not toy.changed(before, model.sr_net)
    assert not model.sr_net.training
    assert model.task_net.training
    assert not any(p.requires_grad for p in model.sr_net.parameters())


def test_joint_phase_has_one_backward_and_trains_both():
    phase = dict(type='sr4ir_mm.JointPhase', images=dict(sr=1.0), pixel=dict())
    model = toy.build('cls', phases=[phase])
    wrapper = toy.optim_wrapper(model)
    before = toy.snapshot(model)
    step(model, 'cls', wrapper=wrapper)
    assert {key.split('.')[0] for key in toy.changed(before, model)} == {'sr_net', 'task_net'}
    assert all(p.grad is None for p in model.parameters())


def test_joint_update_equals_plain_torch():
    phase = dict(type='sr4ir_mm.JointPhase', images=dict(sr=1.0), pixel=dict())
    model, reference = (toy.build('cls', phases=[phase]) for _ in range(2))
    reference.load_state_dict(model.state_dict())
    sgd = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1))
    step(model, 'cls', wrapper=toy.optim_wrapper(model, sr=sgd, task=sgd))
    reference.train()
    batch = reference.data_preprocessor(toy.batch('cls'), True)['inputs']
    total, _ = reference.parse_losses(reference(batch, mode='loss'))
    total.backward()
    torch.optim.SGD(reference.parameters(), lr=0.1).step()
    for (name, ours), theirs in zip(model.named_parameters(), reference.parameters(), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-6), name
