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


@pytest.mark.usefixtures('amp_on_cpu')
def test_joint_amp_unscales_by_one_scale():
    model = toy.build(
        'cls', phases=[dict(type='sr4ir_mm.JointPhase', images=dict(sr=1.0), pixel=dict())]
    )
    amp = dict(type='AmpOptimWrapper', dtype='bfloat16', optimizer=dict(type='SGD', lr=1e-3))
    wrappers = toy.optim_wrapper(model, sr=amp, task=amp)
    model.train()
    model.train_step(toy.batch('cls'), wrappers)
    wrappers['task_net'].loss_scaler.update(2.0)
    model.train_step(toy.batch('cls'), wrappers)
    assert (
        wrappers['sr_net'].loss_scaler.get_scale()
        == wrappers['task_net'].loss_scaler.get_scale()
        == 2.0
    )
