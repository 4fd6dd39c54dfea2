"""Faults that are injected for real: what is survived, what the user sees."""

import os
import resource
import signal
import subprocess
import sys
import time

import pytest
import torch
from mmengine.runner import Runner

from sr4ir_mm.engine.hooks import checkpoint_files
from sr4ir_mm.utils import cli
from sr4ir_mm.utils.errors import UserError
from tests import processes, toy, toy_runs
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
    (sentence,) = [line for line in lines if line.startswith('error')]
    assert 'another process of this training has ended' in sentence
    assert not [line for line in lines if line.startswith('Traceback')]


@pytest.mark.dist
@pytest.mark.parametrize(('failing', 'start'), [(0, 'error: '), (1, 'error in process 1: ')])
def test_what_one_process_of_two_has_met_is_told(tmp_path, failing, start):
    hooks = [dict(type='sr4ir_mm.RaiseIn', iteration=2, sentence='a.jpg is cut off.')]
    codes = processes.run(tool, tmp_path, hooks, failing, count=2, log=tmp_path / 'log', timeout=60)
    assert codes == [2, 2]
    assert f'{start}a.jpg is cut off.' in (tmp_path / f'log.{failing}').read_text().splitlines()


@pytest.mark.dist
def test_a_signal_to_one_process_stops_both_with_one_checkpoint(tmp_path):
    hooks = [dict(type='sr4ir_mm.SignalIn', iteration=2)]
    codes = processes.run(tool, tmp_path, hooks, 1, count=2, log=tmp_path / 'log')
    assert codes == [128 + signal.SIGTERM] * 2
    saved = checkpoint(tmp_path / 'iter_3.pth')
    assert len(saved['buffers_of_processes']) == 2
    first, second = saved['buffers_of_processes']
    assert first.keys() == second.keys()
    # Batch norms of each process have seen its own images.
    assert [key for key in first if not torch.equal(first[key], second[key])]
    straight = processes.run(tool, tmp_path / 'straight', [], 0, count=2, log=tmp_path / 'log')
    resumed = processes.run(resume, tmp_path, count=2, log=tmp_path / 'log')
    assert straight == resumed == [0, 0]
    assert len(checkpoint(tmp_path / 'straight/epoch_3.pth')['buffers_of_processes']) == 2
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


# ---- files --------------------------------------------------------------------------------------------------------


def error_of(log):
    """The one sentence, and no traceback."""
    lines = log.read_text().splitlines()
    assert not [line for line in lines if line.startswith('Traceback')]
    (sentence,) = [line for line in lines if line.startswith('error: ')]
    return sentence


@pytest.fixture
def small_disk(tmp_path, straight):
    """A folder with room for two checkpoints and a bit, and the greatest size that a file may have, if any."""
    folder = tmp_path / 'disk'
    folder.mkdir()
    size = straight.stat().st_size
    mount = ['mount', '-t', 'tmpfs', '-o', f'size={int(2.7 * size)}', 'tmpfs', str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        # Where nothing may be mounted, a write is ended in the same way by a limit on files.
        yield folder, size // 2
    else:
        yield folder, None
        subprocess.run(['umount', '--lazy', str(folder)], check=True)


def train_with_limit(work_dir, limit):
    if limit is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    tool(work_dir, [], **{'default_hooks.checkpoint.max_keep_ckpts': 5})


def test_a_full_disk_keeps_the_last_good_checkpoint(tmp_path, small_disk):
    folder, limit = small_disk
    assert processes.run(train_with_limit, folder, limit, log=tmp_path / 'log') == [2]
    sentence = error_of(tmp_path / 'log.0')
    assert 'there is no space to write' in sentence
    assert '--resume' in sentence
    readable, unreadable = checkpoint_files.find_readable_checkpoint(folder)
    assert not unreadable
    assert not list(folder.glob('.*.part'))
    if limit is None:
        assert readable is not None


@pytest.mark.parametrize('kind', ['file', 'read-only'])
def test_a_work_dir_that_cannot_be_written_is_told_before_anything_is_loaded(tmp_path, kind):
    place = tmp_path / 'place'
    place.mkdir()
    if kind == 'file':
        (place / 'x').write_text('')
    elif subprocess.run(
        ['mount', '-t', 'tmpfs', '-o', 'ro', 'tmpfs', str(place)], capture_output=True, check=False
    ).returncode:
        place.chmod(0o500)
        if os.access(place, os.W_OK):
            pytest.skip('root writes everywhere, and nothing may be mounted here')
    try:
        with pytest.raises(UserError, match='nothing can be written in the work_dir .*--work-dir'):
            cli.check_work_dir_is_writable(str(place / 'x' / 'run'))
    finally:
        subprocess.run(['umount', '--lazy', str(place)], capture_output=True, check=False)


def train_with_little_shared_memory(work_dir, side):
    """Images of that side, which a loader's process hands over where /dev/shm has 256 KiB."""
    pipeline = [dict(type='sr4ir_mm.PackToy', side=side)]
    options = {'train_dataloader.dataset.pipeline': pipeline}
    program = (
        'from tests.contracts.test_faults import tool; '
        f'tool({str(work_dir)!r}, [], workers=1, **{options!r})'
    )
    script = 'mount -t tmpfs -o size=256k tmpfs /dev/shm || exit 77; exec "$0" -c "$1"'
    done = subprocess.run(
        ['unshare', '-m', 'sh', '-c', script, sys.executable, program],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if done.returncode == 77 or 'unshare' in done.stderr[:20]:
        pytest.skip('no mounts of its own for a process here')
    return done


def test_no_space_in_shared_memory_is_told(tmp_path):
    done = train_with_little_shared_memory(tmp_path / 'run', side=512)
    assert done.returncode == 2, done.stderr[-2000:]
    assert 'no space in shared memory: give /dev/shm more' in done.stderr.splitlines()[-1]


def test_small_images_need_no_shared_memory(tmp_path):
    """The four that are under way would take 768 KiB of it."""
    done = train_with_little_shared_memory(tmp_path / 'run', side=256)
    assert done.returncode == 0, done.stderr[-2000:]
    assert (tmp_path / 'run' / 'epoch_3.pth').exists()


# ---- checkpoints of something else --------------------------------------------------------------------------------


SR_NET = toy_runs.config('unused')
ONLY_SR = {
    'optim_wrapper': dict(_delete_=True, constructor=SR_NET.optim_wrapper.constructor)
    | dict(sr_net=SR_NET.optim_wrapper.sr_net),
    'param_scheduler': dict(_delete_=True, sr_net=SR_NET.param_scheduler.sr_net),
}


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (
            {'model.task_net.head.num_classes': 5},
            r'of another config: it has other shapes of \d+ tensors such as task_net\.head',
        ),
        (
            {'model.sr_net.width': 5},
            r'of another config: it has other shapes of \d+ tensors such as sr_net\.',
        ),
        (
            {'model.phases': [dict(type='sr4ir_mm.SRPhase', pixel=dict())]},
            r'holds optimizers of sr_net, task_net, but this config trains sr_net',
        ),
        (
            {'optim_wrapper.task_net.paramwise_cfg': dict(bypass_duplicate=True, bias_lr_mult=2)},
            r"optimizer of task_net has \[\d+\] tensors a group, this config's \[1, ",
        ),
    ],
)
def test_no_run_goes_on_from_a_checkpoint_of_another_config(tmp_path, straight, options, message):
    if 'model.phases' in options:
        options = {**options, **ONLY_SR}
    with pytest.raises(UserError, match=message):
        toy_runs.run(tmp_path, epochs=4, resume=True, load_from=str(straight), **options)


def test_a_checkpoint_that_lacks_an_optimizer_is_refused_by_name(tmp_path, straight):
    saved = checkpoint(straight)
    del saved['optimizer']['task_net']
    torch.save(saved, tmp_path / 'x.pth')
    with pytest.raises(
        UserError, match='holds optimizers of sr_net, but .* trains sr_net, task_net'
    ):
        toy_runs.run(tmp_path, epochs=4, resume=True, load_from=str(tmp_path / 'x.pth'))
    del saved['optimizer']
    torch.save(saved, tmp_path / 'x.pth')
    with pytest.raises(UserError, match='holds no optimizer'):
        toy_runs.run(tmp_path, epochs=4, resume=True, load_from=str(tmp_path / 'x.pth'))


def test_no_training_starts_from_a_checkpoint_of_which_nothing_fits(tmp_path):
    """A config that inherits from a zoo's may inherit its ``load_from``, weights of the task network alone."""
    torch.save(dict(state_dict=toy.build('cls').task_net.state_dict(), meta={}), tmp_path / 'x.pth')
    with pytest.raises(UserError, match=r'x\.pth fills nothing of this model.*model\.init_from'):
        toy_runs.run(tmp_path, load_from=str(tmp_path / 'x.pth'))


def test_a_checkpoint_is_tested_with_augmentations(tmp_path, straight):
    cfg = toy_runs.config(tmp_path, load_from=str(straight))
    pack = dict(type='sr4ir_mm.PackToy', noise=False)
    cfg.test_dataloader.dataset.pipeline = [pack]
    plain = Runner.from_cfg(cfg).test()
    cfg.model = dict(type='mmpretrain.AverageClsScoreTTA', module=cfg.model)
    cfg.test_dataloader.dataset.pipeline = [dict(type='TestTimeAug', transforms=[[pack, pack]])]
    assert Runner.from_cfg(cfg).test() == pytest.approx(plain)


def test_no_checkpoint_of_another_config_is_tested(tmp_path, straight):
    cfg = toy_runs.config(tmp_path, load_from=str(straight))
    cfg.model.task_net.head.num_classes = 5
    with pytest.raises(UserError, match='of another config.* test it with the config'):
        Runner.from_cfg(cfg).test()
