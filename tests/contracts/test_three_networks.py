"""Three networks with an optimizer each (traps 1, 7, 8, 10 and 11): SOD-MTGAN."""

import signal

import pytest
import torch

from sr4ir_mm.utils import cli
from sr4ir_mm.utils.errors import UserError
from tests import toy, toy_runs
from tests.contracts.test_optimizers import AMP, amp_on_cpu  # noqa: F401
from tests.contracts.test_resume import assert_equal, states, stopping
from tests.contracts.test_resume_within_epochs import EMA, assert_same_run, checkpoint, stopped

NETS = {'sr_net', 'task_net', 'discriminator'}
GAN = toy_runs.SOD_MTGAN


def moved(before, model):
    return {key.split('.')[0] for key in toy.changed(before, model)}


@pytest.mark.parametrize('task', ['cls', 'seg', 'det'])
def test_all_three_move_and_what_is_frozen_stays(task):
    model = toy.build(task, **toy.SOD_MTGAN)
    trainable = {name for name, p in model.named_parameters() if p.requires_grad}
    wrappers = toy.optim_wrapper(model)
    model.train()
    flags = {name: m.training for name, m in model.named_modules()}
    before = toy.snapshot(model)
    logs = model.train_step(toy.batch(task), wrappers)
    assert moved(before, model) == NETS
    assert {name for name, p in model.named_parameters() if p.requires_grad} == trainable
    assert {name: m.training for name, m in model.named_modules()} == flags
    assert not [key for key in logs if key.endswith('lr')]
    assert all(torch.isfinite(value).all() for value in logs.values())
    if task == 'det':
        kept = {k for k in toy.changed(before, model) if 'layer1' in k}
        assert not {k for k in kept if 'running' not in k and 'num_batches' not in k}


def test_two_epochs_and_two_more_equal_four(tmp_path):
    toy_runs.run(tmp_path / 'straight', **GAN)
    toy_runs.run(tmp_path / 'parts', custom_hooks=stopping(2), **GAN)
    resumed = toy_runs.run(tmp_path / 'parts', resume=True, **GAN)
    assert resumed.epoch == 4
    paths = [tmp_path / run / 'epoch_4.pth' for run in ('straight', 'parts')]
    assert set(states(paths[0])[1]) == NETS
    for one, other in zip(*map(states, paths), strict=True):
        assert_equal(one, other)


def test_a_signal_within_an_epoch(tmp_path):
    """With averages of all three networks."""
    toy_runs.run(tmp_path / 'straight', epochs=3, **EMA, **GAN)
    code = stopped(tmp_path / 'parts', 5, signal.SIGTERM, epochs=3, **EMA, **GAN)
    assert code == 128 + signal.SIGTERM
    toy_runs.run(tmp_path / 'parts', epochs=3, resume=True, **EMA, **GAN)
    last = tmp_path / 'parts/epoch_3.pth'
    assert_same_run(tmp_path / 'straight/epoch_3.pth', last)
    averaged = {key.split('.')[1] for key in checkpoint(last)['ema_state_dict'] if '.' in key}
    assert averaged >= NETS


def test_a_checkpoint_loads_strictly_and_its_parts_start_another_run(tmp_path):
    toy_runs.run(tmp_path, epochs=1, **GAN)
    state = checkpoint(tmp_path / 'epoch_1.pth')['state_dict']
    model = toy.build('cls', **toy.SOD_MTGAN)
    model.load_state_dict(state, strict=True)
    init_from = dict.fromkeys(NETS, str(tmp_path / 'epoch_1.pth'))
    other = toy.build('cls', init_from=init_from, **toy.SOD_MTGAN)
    assert not toy.changed(state, other)


@pytest.mark.parametrize('name', sorted(NETS))
def test_a_checkpoint_that_lacks_an_optimizer_is_refused_by_name(tmp_path, name):
    toy_runs.run(tmp_path, epochs=1, **GAN)
    saved = checkpoint(tmp_path / 'epoch_1.pth')
    del saved['optimizer'][name]
    torch.save(saved, tmp_path / 'x.pth')
    left = ', '.join(sorted(NETS - {name}))
    with pytest.raises(UserError, match=f'holds optimizers of {left}, but .* trains'):
        toy_runs.run(tmp_path, resume=True, load_from=str(tmp_path / 'x.pth'), **GAN)


def test_no_run_goes_on_from_a_checkpoint_of_two_networks(tmp_path):
    toy_runs.run(tmp_path, epochs=1)
    path = str(tmp_path / 'epoch_1.pth')
    with pytest.raises(UserError, match='of another config: it lacks 2 tensors such as discrim'):
        toy_runs.run(tmp_path, resume=True, load_from=path, **GAN)


def test_accumulation_is_over_the_same_iterations():
    model = toy.build('cls', **toy.SOD_MTGAN)
    wrappers = toy.optim_wrapper(model, accumulative_counts=3)
    wrappers.initialize_count_status(model, 0, 8)
    model.train()
    steps = []
    for seed in range(8):
        before = toy.snapshot(model)
        model.train_step(toy.batch('cls', seed=seed), wrappers)
        steps.append({k.split('.')[0] for k in toy.changed(before, model) if 'weight' in k})
    assert steps == [set(), set(), NETS, set(), set(), NETS, set(), NETS]


def test_unequal_accumulation_is_refused(tmp_path):
    options = {'optim_wrapper.discriminator.accumulative_counts': 2}
    with pytest.raises(UserError, match="accumulative_counts differ.*'discriminator': 2"):
        toy_runs.run(tmp_path, **GAN, **options)


@pytest.mark.usefixtures('amp_on_cpu')
def test_amp_has_one_scaler_a_backward_pass():
    model = toy.build('cls', **toy.SOD_MTGAN)
    wrappers = toy.optim_wrapper(model, sr=AMP, task=AMP)
    scalers = {name: wrappers[name].loss_scaler for name in NETS}
    assert scalers['task_net'] is scalers['discriminator']
    assert scalers['task_net'] is not scalers['sr_net']
    scalers['task_net'].set_growth_interval(1)
    model.train()
    for expected in (16.0, 32.0):
        before = toy.snapshot(model)
        model.train_step(toy.batch('cls'), wrappers)
        assert scalers['task_net'].get_scale() == expected
        first_layers = {'task_net.backbone.conv1.weight', 'sr_net.head.weight'}
        assert {*first_layers, 'discriminator.linear.weight'} <= toy.changed(before, model)


@pytest.mark.usefixtures('amp_on_cpu')
def test_amp_unscales_by_what_it_scaled_with():
    """Gradients of the parts are added up under one scale: the update of plain SGD, in bfloat16."""
    models = [toy.build('cls', **toy.SOD_MTGAN) for _ in range(2)]
    models[1].load_state_dict(models[0].state_dict())
    plain = dict(AMP, type='OptimWrapper')
    del plain['dtype']
    for model, cfg in zip(models, (AMP, plain), strict=True):
        model.train()
        model.train_step(toy.batch('cls'), toy.optim_wrapper(model, sr=cfg, task=cfg))
    for (name, ours), theirs in zip(
        models[0].named_parameters(), models[1].parameters(), strict=True
    ):
        assert torch.allclose(ours, theirs, atol=2e-4), name


def test_a_run_in_bfloat16_trains_all_and_resumes(tmp_path):
    cfg = toy_runs.config(tmp_path, epochs=1, **GAN)
    cli.enable_amp(cfg)
    options = {**GAN, 'optim_wrapper': cfg.optim_wrapper}
    options.pop('optim_wrapper.discriminator')
    first = toy_runs.run(tmp_path, epochs=1, **options)
    assert first.optim_wrapper['discriminator'].cast_dtype == torch.bfloat16
    before = toy.snapshot(first.model)
    second = toy_runs.run(tmp_path, epochs=2, resume=True, **options)
    assert moved(before, second.model) == NETS
