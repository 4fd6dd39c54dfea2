"""Two optimizers (traps 1, 7, 10 and 11)."""

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.logging import MessageHub
from mmengine.optim import AmpOptimWrapper

from sr4ir_mm.engine import SeparateOptimWrapperConstructor
from sr4ir_mm.utils.errors import UserError
from tests import toy

SGD = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1, weight_decay=1e-4))


def construct(model, **cfgs):
    return SeparateOptimWrapperConstructor({k: ConfigDict(v) for k, v in cfgs.items()})(model)


def test_each_network_has_its_own_parameters():
    model = toy.build('cls')
    wrappers = construct(model, sr_net=SGD, task_net=SGD)
    for name in ('sr_net', 'task_net'):
        held = {id(p) for group in wrappers[name].param_groups for p in group['params']}
        assert held == {id(p) for p in getattr(model, name).parameters()}


@pytest.mark.parametrize(
    'names', [['sr_net'], ['sr_net', 'task_net', 'det'], ['sr', 'task_net'], []]
)
def test_a_name_that_matches_no_trained_network_is_told(names):
    with pytest.raises(UserError, match=r"phases train \['sr_net', 'task_net'\]"):
        construct(toy.build('cls'), **dict.fromkeys(names, SGD))


def test_an_optimizer_for_a_frozen_network_is_refused():
    model = toy.build('cls', phases=[dict(type='sr4ir_mm.TaskPhase', images=dict(sr=1.0))])
    with pytest.raises(UserError, match=r"phases train \['task_net'\]"):
        construct(model, sr_net=SGD, task_net=SGD)


def test_unequal_accumulation_is_refused():
    with pytest.raises(UserError, match='accumulative_counts differ'):
        construct(toy.build('cls'), sr_net=dict(SGD, accumulative_counts=2), task_net=SGD)


def test_paramwise_settings_and_constructor_of_an_entry_hold():
    cfg = dict(SGD, paramwise_cfg=dict(custom_keys={'head': dict(lr_mult=10)}, norm_decay_mult=0.0))
    wrappers = construct(toy.build('cls'), sr_net=SGD, task_net=cfg)
    assert {group['lr'] for group in wrappers['task_net'].param_groups} == {0.1, 1.0}
    assert {group['lr'] for group in wrappers['sr_net'].param_groups} == {0.1}


def test_custom_keys_that_begin_with_the_network_are_told():
    """mmengine would pass over them, and the backbone would have the head's learning rate."""
    keys = {'task_net.backbone': dict(lr_mult=0.1)}
    cfg = dict(SGD, paramwise_cfg=dict(custom_keys=keys))
    with pytest.raises(
        UserError, match=r"custom_keys has \['task_net.backbone'\].*leave \"task_net"
    ):
        construct(toy.build('cls'), sr_net=SGD, task_net=cfg)


@pytest.mark.parametrize('joint', [False, True])
def test_accumulation_steps_every_third_iteration_and_at_the_end(joint):
    phases = (
        [dict(type='sr4ir_mm.JointPhase', images=dict(sr=1.0), pixel=dict())] if joint else None
    )
    model = toy.build('cls', **({'phases': phases} if joint else {}))
    wrappers = toy.optim_wrapper(model, accumulative_counts=3)
    wrappers.initialize_count_status(model, 0, 8)
    model.train()
    moved = []
    for seed in range(8):
        before = toy.snapshot(model)
        model.train_step(toy.batch('cls', seed=seed), wrappers)
        weights = {k.split('.')[0] for k in toy.changed(before, model) if 'weight' in k}
        moved.append(sorted(weights))
    both = ['sr_net', 'task_net']
    assert moved == [[], [], both, [], [], both, [], both]


def test_gradient_norms_are_logged_by_network():
    model = toy.build('cls')
    wrappers = toy.optim_wrapper(model, clip_grad=dict(max_norm=0.1))
    model.train()
    logs = model.train_step(toy.batch('cls'), wrappers)
    assert logs['sr_net/grad_norm'] != logs['task_net/grad_norm']
    assert (
        float(logs['task_net/grad_norm'])
        == MessageHub.get_current_instance().get_scalar('train/grad_norm').current()
    )


def test_state_of_other_networks_is_refused():
    wrappers = toy.optim_wrapper(toy.build('cls'))
    state = wrappers.state_dict()
    wrappers.load_state_dict(state)
    del state['task_net']
    with pytest.raises(UserError, match='optimizers for'):
        wrappers.load_state_dict(state)


@pytest.fixture
def amp_on_cpu(monkeypatch):
    """``AmpOptimWrapper`` asserts an accelerator; its bfloat16 autocast runs on the CPU as well."""
    from mmengine.optim.optimizer import amp_optimizer_wrapper as module

    monkeypatch.setattr(module, 'is_cuda_available', lambda: True)
    monkeypatch.setattr(module, 'GradScaler', CountingScaler)


class CountingScaler(torch.amp.GradScaler):
    """A CPU scaler with a small scale."""

    def __init__(self, *args, **kwargs):
        super().__init__('cpu', init_scale=8.0)


@pytest.mark.parametrize(
    'phases',
    [
        [toy.SR_PHASE, toy.TASK_PHASE],
        [dict(type='sr4ir_mm.JointPhase', images=dict(sr=1.0), pixel=dict(), tdp=dict())],
    ],
)
@pytest.mark.usefixtures('amp_on_cpu')
def test_amp_trains_both_networks(phases):
    """TDP takes features with and without gradient in one context; both nets must still get theirs (torch 2.4)."""
    model = toy.build('cls', phases=phases)
    wrappers = toy.optim_wrapper(
        model,
        sr=dict(type='AmpOptimWrapper', dtype='bfloat16', optimizer=dict(type='AdamW', lr=1e-3)),
        task=dict(type='AmpOptimWrapper', dtype='bfloat16', optimizer=dict(type='SGD', lr=0.1)),
    )
    assert isinstance(wrappers['sr_net'], AmpOptimWrapper)
    model.train()
    for seed in range(2):
        before = toy.snapshot(model)
        model.train_step(toy.batch('cls', seed=seed), wrappers)
        # The first layers, whose gradient would be lost to weights cached without one.
        changed = toy.changed(before, model)
        assert {'task_net.backbone.conv1.weight', 'sr_net.head.weight'} <= changed


JOINT = [dict(type='sr4ir_mm.JointPhase', images=dict(sr=1.0), pixel=dict())]
AMP = dict(type='AmpOptimWrapper', dtype='bfloat16', optimizer=dict(type='SGD', lr=1e-3))


@pytest.mark.usefixtures('amp_on_cpu')
def test_joint_amp_unscales_by_one_scale():
    """Scaled by 8 and unscaled by 8 in both networks: the update of plain SGD, in bfloat16."""
    models = [toy.build('cls', phases=JOINT) for _ in range(2)]
    models[1].load_state_dict(models[0].state_dict())
    amp = toy.optim_wrapper(models[0], sr=AMP, task=AMP)
    amp['task_net'].loss_scaler.load_state_dict(
        {**amp['task_net'].loss_scaler.state_dict(), 'scale': 64.0}
    )
    plain = dict(AMP, type='OptimWrapper')
    del plain['dtype']
    for model, wrappers in zip(
        models, (amp, toy.optim_wrapper(models[1], sr=plain, task=plain)), strict=True
    ):
        model.train()
        model.train_step(toy.batch('cls'), wrappers)
    assert amp['sr_net'].loss_scaler is amp['task_net'].loss_scaler
    for (name, ours), theirs in zip(
        models[0].named_parameters(), models[1].parameters(), strict=True
    ):
        assert torch.allclose(ours, theirs, atol=2e-4), name


@pytest.mark.usefixtures('amp_on_cpu')
def test_joint_amp_changes_the_scale_once_an_iteration():
    model = toy.build('cls', phases=JOINT)
    wrappers = toy.optim_wrapper(model, sr=AMP, task=AMP)
    scaler = wrappers['sr_net'].loss_scaler
    scaler.set_growth_interval(1)
    model.train()
    for expected in (16.0, 32.0):
        model.train_step(toy.batch('cls'), wrappers)
        assert scaler.get_scale() == expected


@pytest.mark.usefixtures('amp_on_cpu')
def test_joint_phase_refuses_mixed_wrappers():
    """Half of the gradients would be divided by a scale that never was."""
    model = toy.build('cls', phases=JOINT)
    plain = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=1e-3))
    with pytest.raises(UserError, match='give both the same type'):
        toy.optim_wrapper(model, sr=plain, task=AMP)


@pytest.mark.parametrize('joint', [False, True])
def test_gradient_norms_are_logged_where_a_step_was_made(joint):
    """Under accumulation no network shows a norm of another one's step."""
    model = toy.build('cls', **({'phases': JOINT} if joint else {}))
    wrappers = toy.optim_wrapper(model, accumulative_counts=2, clip_grad=dict(max_norm=0.1))
    wrappers.initialize_count_status(model, 0, 8)
    model.train()
    seen = [model.train_step(toy.batch('cls', seed=seed), wrappers) for seed in range(4)]
    names = {'sr_net/grad_norm', 'task_net/grad_norm'}
    assert [names & set(logs) for logs in seen] == [set(), names, set(), names]
    assert seen[1]['sr_net/grad_norm'] != seen[1]['task_net/grad_norm']


def test_two_phases_cannot_train_one_network():
    with pytest.raises(UserError, match='put their losses into one phase'):
        toy.build('cls', phases=[toy.TASK_PHASE, dict(toy.TASK_PHASE, images=dict(up=1.0))])
