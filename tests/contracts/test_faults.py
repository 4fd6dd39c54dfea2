"""Faults that are injected for real: what is survived, what the user sees."""

import os
import signal
import time

import pytest
import torch

from sr4ir_mm.engine.hooks import checkpoint_files
from sr4ir_mm.utils import cli
from sr4ir_mm.utils.errors import UserError
from tests import processes, toy_runs
from tests.contracts.test_resume import assert_equal, states
from tests.contracts.test_resume_within_epochs import checkpoint

SAVE_OFTEN = {'default_hooks.checkpoint.save_interval': dict(iters=1)}


@pytest.fixture(autouse=True)
def _one_thread():
    """As in the forked processes: the number of threads changes rounding."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def kill_in_step(work_dir):
    hooks = [dict(type='sr4ir_mm.SignalIn', iteration=6, number=int(signal.SIGKILL))]
    # Beside the shipped hooks, one of which sets the memory layout and with it the rounding.
    hooks = [*toy_runs.config(work_dir).custom_hooks, *hooks]
    toy_runs.run(work_dir, epochs=3, custom_hooks=hooks, **SAVE_OFTEN)


def kill_while_saving(work_dir, place):
    """Die when the checkpoint of the sixth iteration is written (``fsync``) or put in its place (``replace``)."""
    call = getattr(os, place)
    pointer = work_dir / 'last_checkpoint'

    def die(*args):
        if pointer.exists() and pointer.read_text().endswith('iter_5.pth'):
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*args)

    setattr(checkpoint_files.os, place, die)
    toy_runs.run(work_dir, epochs=3, **SAVE_OFTEN)


@pytest.fixture(scope='module')
def straight(tmp_path_factory):
    folder = tmp_path_factory.mktemp('straight')
    toy_runs.run(folder, epochs=3)
    return folder / 'epoch_3.pth'


@pytest.mark.parametrize(
    ('function', 'args', 'last'),
    [
        (kill_in_step, (), 'iter_6.pth'),
        (kill_while_saving, ('fsync',), 'iter_5.pth'),
        (kill_while_saving, ('replace',), 'iter_5.pth'),
    ],
)
def test_a_killed_run_goes_on(tmp_path, straight, function, args, last):
    run = tmp_path / 'run'
    assert processes.run(function, run, *args, log=tmp_path / 'log') == [-signal.SIGKILL]
    readable, unreadable = checkpoint_files.find_readable_checkpoint(run)
    assert (readable.name, unreadable) == (last, [])
    resumed = toy_runs.run(run, epochs=3, resume=True)
    assert (resumed.epoch, resumed.iter) == (3, 12)
    for one, other in zip(states(straight), states(run / 'epoch_3.pth'), strict=True):
        assert_equal(one, other)


def tool(work_dir, hooks, rank=None, **options):
    """What tools/train.py does with the toy run; ``hooks`` are only those of process ``rank``."""

    def main():
        own = hooks if rank is None or int(os.environ['RANK']) == rank else []
        cfg = toy_runs.config(work_dir, epochs=3, **options)
        cfg.custom_hooks = [*cfg.custom_hooks, *own]
        cfg.launcher = 'none' if rank is None else 'pytorch'
        cli.join_processes_on_cpu(cfg)
        cli.build_runner(cfg).train()

    cli.run(main)


@pytest.mark.dist
@pytest.mark.parametrize('dying', [0, 1])
def test_the_others_stop_when_a_process_dies(tmp_path, dying):
    hooks = [dict(type='sr4ir_mm.SignalIn', iteration=2, number=int(signal.SIGKILL))]
    began = time.monotonic()
    codes = processes.run(tool, tmp_path, hooks, dying, count=2, log=tmp_path / 'log', timeout=60)
    assert time.monotonic() - began < 60
    assert codes[dying] == -signal.SIGKILL
    assert codes[1 - dying] == 2
    lines = (tmp_path / f'log.{1 - dying}').read_text().splitlines()
    (sentence,) = [line for line in lines if line.startswith('error: ')]
    assert 'another process of this training has ended' in sentence
    assert not [line for line in lines if line.startswith('Traceback')]


@pytest.mark.dist
def test_a_signal_to_one_process_stops_both_with_one_checkpoint(tmp_path):
    hooks = [dict(type='sr4ir_mm.SignalIn', iteration=5)]
    codes = processes.run(tool, tmp_path, hooks, 1, count=2, log=tmp_path / 'log')
    assert codes == [128 + signal.SIGTERM] * 2
    saved = checkpoint(tmp_path / 'iter_6.pth')
    assert len(saved['buffers_of_processes']) == 2
    first, second = saved['buffers_of_processes']
    assert first.keys() == second.keys()
    # Batch norms of each process have seen its own images.
    assert [key for key in first if not torch.equal(first[key], second[key])]
    straight = processes.run(tool, tmp_path / 'straight', [], 0, count=2, log=tmp_path / 'log')
    resumed = processes.run(resume, tmp_path, count=2, log=tmp_path / 'log')
    assert straight == resumed == [0, 0]
    for one, other in zip(
        states(tmp_path / 'straight/epoch_3.pth'), states(tmp_path / 'epoch_3.pth'), strict=True
    ):
        assert_equal(one, other)


def resume(work_dir):
    tool(work_dir, [], 0, resume=True)


def test_a_loader_killed_for_memory_is_told(tmp_path, capsys):
    kill = {'train_dataloader.dataset.pipeline': [dict(type='sr4ir_mm.PackToy', kill=3)]}
    with pytest.raises(SystemExit) as left:
        tool(tmp_path, [], workers=1, **kill)
    assert left.value.code == 2
    (sentence,) = [
        line for line in capsys.readouterr().err.splitlines() if line.startswith('error: ')
    ]
    assert 'a process that loads images was killed' in sentence


LOSSES = ['loss_pixel', 'sr.loss']


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
@pytest.mark.parametrize('loss', LOSSES)
def test_an_invalid_loss_is_named(tmp_path, loss, value):
    hooks = [
        dict(type='sr4ir_mm.InvalidLoss', iterations=[2], loss=loss, value=value),
        dict(type='sr4ir_mm.StopOnInvalidLossHook', interval=1),
    ]
    with pytest.raises(UserError, match=rf'at iteration 3: (sr_net|task_net)/{loss}.* not finite'):
        toy_runs.run(tmp_path, custom_hooks=hooks)


@pytest.mark.parametrize('loss', LOSSES)
def test_steps_of_invalid_losses_are_left_out_up_to_a_limit(tmp_path, loss):
    hooks = [
        dict(type='sr4ir_mm.InvalidLoss', iterations=[2, 3], loss=loss),
        dict(type='sr4ir_mm.StopOnInvalidLossHook', skip=2),
    ]
    runner = toy_runs.run(tmp_path, epochs=2, custom_hooks=hooks)
    assert runner.iter == 8
    assert all(torch.isfinite(value).all() for value in runner.model.state_dict().values())
    text = next(tmp_path.glob('*/*.log')).read_text()
    assert 'Iteration 4 is left out, ' in text
    assert '2 of at most 2' in text
    hooks[1]['skip'] = 1
    with pytest.raises(UserError, match='diverged at iteration 4'):
        toy_runs.run(tmp_path / 'less', epochs=2, custom_hooks=hooks)
