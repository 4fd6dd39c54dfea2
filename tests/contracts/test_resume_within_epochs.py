"""A run stopped at any iteration and resumed is bitwise the run that never stopped."""

import shutil
import signal

import pytest
import torch

from sr4ir_mm.engine.hooks.checkpoint_files import find_readable_checkpoint
from tests import toy_runs
from tests.contracts.test_resume import assert_equal, states

EMA = {'custom_hooks': [toy_runs.EMA]}


def stopped(work_dir, iteration, number=signal.SIGTERM, validating=False, **options):
    """Run until the signal; the exit code."""
    hooks = [*options.pop('custom_hooks', []), dict(type='sr4ir_mm.SignalIn', iteration=iteration)]
    hooks[-1].update(number=int(number), validating=validating)
    with pytest.raises(SystemExit) as left:
        toy_runs.run(work_dir, custom_hooks=hooks, **options)
    return left.value.code


def checkpoint(path):
    return torch.load(path, map_location='cpu', weights_only=False)


def assert_same_run(a, b):
    for one, other in zip(states(a), states(b), strict=True):
        assert_equal(one, other)
    assert_equal(checkpoint(a)['ema_state_dict'], checkpoint(b)['ema_state_dict'])


@pytest.mark.parametrize(
    ('iteration', 'number', 'workers'),
    [(5, signal.SIGTERM, 2), (6, signal.SIGINT, 0), (7, signal.SIGTERM, 0)],
)
def test_a_signal_within_an_epoch(tmp_path, iteration, number, workers):
    """Four iterations an epoch: in its middle (two and three of the second) and at its last."""
    toy_runs.run(tmp_path / 'straight', epochs=3, **EMA)
    code = stopped(tmp_path / 'parts', iteration, number, epochs=3, workers=workers, **EMA)
    assert code == 128 + number
    saved = tmp_path / f'parts/iter_{iteration + 1}.pth'
    assert (tmp_path / 'parts/last_checkpoint').read_text() == str(saved)
    resumed = toy_runs.run(tmp_path / 'parts', epochs=3, resume=True, **EMA)
    assert (resumed.epoch, resumed.iter) == (3, 12)
    assert not saved.exists()
    assert_same_run(tmp_path / 'straight/epoch_3.pth', tmp_path / 'parts/epoch_3.pth')


@pytest.mark.parametrize('endless', [True, False])
def test_a_signal_in_a_training_by_iterations(tmp_path, endless):
    options = {**EMA, **toy_runs.by_iterations()}
    if endless:
        options['train_dataloader.sampler.type'] = 'InfiniteSampler'
    toy_runs.run(tmp_path / 'straight', **options)
    assert stopped(tmp_path / 'parts', 5, **options) == 143
    resumed = toy_runs.run(tmp_path / 'parts', resume=True, **options)
    assert resumed.iter == 10
    assert_same_run(tmp_path / 'straight/iter_10.pth', tmp_path / 'parts/iter_10.pth')


def test_skipped_batches_are_not_loaded(tmp_path, monkeypatch):
    stopped(tmp_path, 6, epochs=2)
    loaded = []
    call = toy_runs.PackToy.__call__
    monkeypatch.setattr(
        toy_runs.PackToy, '__call__', lambda self, r: loaded.append(r['index']) or call(self, r)
    )
    toy_runs.run(
        tmp_path,
        epochs=2,
        resume=True,
        **{
            'val_cfg': None,
            'val_dataloader': None,
            'val_evaluator': None,
            'default_hooks.checkpoint.save_best': None,
        },
    )
    assert len(loaded) == 2


def test_a_signal_in_a_validation_leaves_at_once(tmp_path):
    assert stopped(tmp_path, 4, validating=True, epochs=2) == 143
    assert (tmp_path / 'last_checkpoint').read_text() == str(tmp_path / 'epoch_1.pth')


def test_a_second_interrupt_stops_at_once():
    from sr4ir_mm.engine.loops.interruption import Interruption

    before = signal.getsignal(signal.SIGINT)
    interruption = Interruption()
    interruption.is_heeded = True
    with interruption:
        signal.raise_signal(signal.SIGINT)
        assert interruption.signal == signal.SIGINT
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) == before


def test_accumulated_gradients_are_used_before_the_checkpoint(tmp_path):
    counts = {f'optim_wrapper.{net}.accumulative_counts': 2 for net in ('sr_net', 'task_net')}
    toy_runs.run(tmp_path / 'straight', epochs=2, **EMA, **counts)
    stopped(tmp_path / 'parts', 4, epochs=2, **EMA, **counts)
    assert (tmp_path / 'parts/iter_6.pth').is_file()
    toy_runs.run(tmp_path / 'parts', epochs=2, resume=True, **EMA, **counts)
    assert_same_run(tmp_path / 'straight/epoch_2.pth', tmp_path / 'parts/epoch_2.pth')


@pytest.mark.parametrize(
    ('interval', 'left'), [(dict(iters=3), True), (dict(minutes=1e-9), True), (None, False)]
)
def test_checkpoints_within_an_epoch(tmp_path, monkeypatch, interval, left):
    options = {'default_hooks.checkpoint.save_interval': interval}
    hooks = [dict(type='sr4ir_mm.RaiseIn', iteration=7)]
    with pytest.raises(RuntimeError, match='as asked'):
        toy_runs.run(tmp_path, epochs=3, custom_hooks=hooks, **options)
    # The last multiple of the interval since the epoch's checkpoint, and none of the first epoch's.
    assert [path.name for path in tmp_path.glob('iter_*.pth')] == (['iter_7.pth'] if left else [])


def test_an_unreadable_checkpoint_is_passed_over(tmp_path):
    toy_runs.run(tmp_path, epochs=2)
    newest = tmp_path / 'epoch_2.pth'
    damaged = bytearray(newest.read_bytes())
    damaged[len(damaged) // 2] ^= 255
    for content in (damaged[:1000], bytes(damaged), b''):
        newest.write_bytes(content)
        readable, unreadable = find_readable_checkpoint(tmp_path)
        assert (readable, unreadable) == (tmp_path / 'epoch_1.pth', [newest])
    resumed = toy_runs.run(tmp_path, epochs=2, resume=True)
    assert resumed.epoch == 2
    assert find_readable_checkpoint(tmp_path) == (newest, [])
    log = max(tmp_path.glob('*/*.log')).read_text()
    assert 'epoch_2.pth cannot be read' in log


def test_the_new_checkpoint_is_there_before_the_old_one_goes(tmp_path, monkeypatch):
    from sr4ir_mm.engine.hooks.checkpoint_files import AtomicLocalBackend

    put = AtomicLocalBackend.put
    seen = []

    def watch(self, obj, filepath):
        seen.append(len(list(tmp_path.glob('epoch_*.pth'))))
        put(self, obj, filepath)

    monkeypatch.setattr(AtomicLocalBackend, 'put', watch)
    toy_runs.run(tmp_path, epochs=3, **{'default_hooks.checkpoint.max_keep_ckpts': 1})
    assert seen[0] == 0
    assert min(seen[1:]) >= 1
    assert [path.name for path in tmp_path.glob('epoch_*.pth')] == ['epoch_3.pth']
    assert len(list(tmp_path.glob('best_*.pth'))) == 1
    assert not list(tmp_path.glob('.*.part'))


def test_another_number_of_processes_is_told(tmp_path):
    stopped(tmp_path, 5, epochs=3)
    path = tmp_path / 'iter_6.pth'
    state = checkpoint(path)
    state['meta']['processes'] = dict(count=2, epoch_length=2, batch=2)
    state['meta']['iter'] = 3
    torch.save(state, path)
    resumed = toy_runs.run(tmp_path, epochs=3, resume=True)
    assert (resumed.epoch, resumed.iter) == (3, 12)
    log = sorted(tmp_path.glob('*/*.log'))[-1]
    assert 'comes from 2 process(es) with batches of 2, now there are 1' in log.read_text()
    assert 'goes on at iteration 6' in log.read_text()
    shutil.rmtree(tmp_path)
