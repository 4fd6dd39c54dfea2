"""Mixed precision on the CPU, and the count of updates that overflow."""

import pytest
import torch

from sr4ir_mm.utils import cli
from sr4ir_mm.utils.errors import UserError
from tests import toy, toy_runs

AMP = dict(type='sr4ir_mm.MixedPrecisionOptimWrapper')
SR = dict(AMP, optimizer=dict(type='AdamW', lr=1e-3))
TASK = dict(AMP, optimizer=dict(type='SGD', lr=1e-2))


def test_a_run_in_bfloat16_trains_both_and_resumes(tmp_path):
    cfg = toy_runs.config(tmp_path, epochs=1)
    cli.enable_amp(cfg)
    amp = {'optim_wrapper': cfg.optim_wrapper, 'custom_hooks': [toy_runs.EMA]}
    first = toy_runs.run(tmp_path, epochs=1, **amp)
    assert {key.split('.')[0] for key in toy_runs.average(first)} >= {'sr_net', 'task_net'}
    assert first.optim_wrapper['sr_net'].cast_dtype == torch.bfloat16
    assert all(value.dtype != torch.bfloat16 for value in first.model.state_dict().values())
    before = toy.snapshot(first.model)
    second = toy_runs.run(tmp_path, epochs=2, resume=True, **amp)
    assert {key.split('.')[0] for key in toy.changed(before, second.model)} >= {
        'sr_net',
        'task_net',
    }


def test_images_are_computed_in_bfloat16():
    model = toy.build('cls')
    wrappers = toy.optim_wrapper(model, sr=SR, task=TASK)
    seen = []
    model.sr_net.tail.register_forward_hook(lambda module, args, out: seen.append(out.dtype))
    model.train()
    model.train_step(toy.batch('cls'), wrappers)
    assert set(seen) == {torch.bfloat16}


def test_skipped_updates_are_counted_and_logged_and_saved():
    model = toy.build('cls')
    wrappers = toy.optim_wrapper(model, sr=SR, task=TASK)
    wrappers['sr_net'].loss_scaler = torch.amp.GradScaler('cpu')
    overflow = model.sr_net.tail.weight.register_hook(lambda gradient: gradient * float('inf'))
    model.train()
    before = toy.snapshot(model.sr_net)
    logs = model.train_step(toy.batch('cls'), wrappers)
    assert float(logs['sr_net/skipped_updates']) == 1
    assert float(logs['task_net/skipped_updates']) == 0
    assert not toy.changed(before, model.sr_net)
    overflow.remove()
    logs = model.train_step(toy.batch('cls'), wrappers)
    assert float(logs['sr_net/skipped_updates']) == 1
    assert toy.changed(before, model.sr_net)
    state = wrappers.state_dict()
    other = toy.optim_wrapper(toy.build('cls'), sr=SR, task=TASK)
    other['sr_net'].loss_scaler = torch.amp.GradScaler('cpu')
    other.load_state_dict(state)
    assert other['sr_net'].skipped == 1


@pytest.mark.skipif(torch.cuda.is_available(), reason='there is an accelerator')
def test_float16_on_the_cpu_is_refused():
    with pytest.raises(UserError, match='needs an accelerator'):
        toy.optim_wrapper(toy.build('cls'), sr=dict(SR, dtype='float16'), task=TASK)


def test_a_checkpoint_without_scaler_state_is_taken_by_one_that_scales():
    """A training on the CPU scales nothing; it may go on where losses are scaled."""
    model = toy.build('cls').train()
    on_cpu = toy.optim_wrapper(model, sr=SR, task=TASK)
    state = on_cpu.state_dict()
    scaling = toy.optim_wrapper(model, sr=SR, task=TASK)
    scaling['sr_net'].loss_scaler = torch.amp.GradScaler('cpu')
    assert state['sr_net']['loss_scaler'] == {}
    scaling.load_state_dict(state)
