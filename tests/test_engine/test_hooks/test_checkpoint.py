"""The best checkpoint is the task's, and a validation without task metrics stops nothing."""

import shutil

import pytest
from mmengine.runner import Runner

from tests import toy_runs

PSNR = [dict(type='sr4ir_mm.PSNR', image='up_rgb01'), dict(type='sr4ir_mm.PSNR')]
BOTH = [*PSNR, dict(type='mmpretrain.Accuracy')]


def train(work_dir, save_best, evaluator, epochs=2):
    """The names of the best checkpoints that a training leaves, and its log."""
    options = {'default_hooks.checkpoint.save_best': save_best}
    options |= {'default_hooks.checkpoint.rule': None, 'val_evaluator': evaluator}
    toy_runs.run(work_dir, epochs=epochs, **options)
    (log,) = work_dir.glob('*/*.log')
    return [path.name for path in work_dir.glob('best_*.pth')], log.read_text()


def test_auto_passes_over_image_metrics(tmp_path):
    (best,), _ = train(tmp_path, 'auto', BOTH)

    assert best.startswith('best_accuracy_top1_epoch_')


@pytest.mark.parametrize('save_best', ['auto', 'accuracy/top1'])
def test_a_detector_that_finds_nothing_does_not_stop_the_training(tmp_path, save_best):
    """Its metric then leaves no value, only the image metrics are there."""
    best, log = train(tmp_path, save_best, PSNR)

    assert best == []
    assert 'no best checkpoint is chosen' in log
    assert (tmp_path / 'epoch_2.pth').is_file()


def names(work_dir):
    return sorted(path.name for path in work_dir.glob('*.pth'))


def test_a_run_that_goes_on_from_another_leaves_its_best_checkpoint_alone(tmp_path, monkeypatch):
    from sr4ir_mm.engine.hooks import TaskCheckpointHook

    save = TaskCheckpointHook._save_best_checkpoint

    def better_each_time(hook, runner, metrics):
        save(hook, runner, {**metrics, 'sr/psnr': float(runner.epoch)})

    monkeypatch.setattr(TaskCheckpointHook, '_save_best_checkpoint', better_each_time)
    first, second = tmp_path / 'first', tmp_path / 'second'
    toy_runs.run(first, epochs=1)
    before = names(first)
    toy_runs.run(second, epochs=2, resume=True, load_from=str(first / 'epoch_1.pth'))

    assert names(first) == before == ['best_sr_psnr_epoch_1.pth', 'epoch_1.pth']
    assert names(second) == ['best_sr_psnr_epoch_2.pth', 'epoch_2.pth']


def test_a_run_by_epochs_leaves_checkpoints_of_other_runs_alone(tmp_path):
    other = ['iter_40000-1a2b3c4d.pth', 'iter_40000.pth']
    for name in other:
        (tmp_path / name).write_bytes(b'')
    toy_runs.run(tmp_path, epochs=1, **{'default_hooks.checkpoint.save_interval': dict(iters=3)})

    assert [name for name in names(tmp_path) if 'best' not in name] == ['epoch_1.pth', *other]


def test_checkpoints_between_do_not_push_the_regular_ones_out(tmp_path):
    options = toy_runs.by_iterations(max_iters=10, val_interval=20)
    options['default_hooks.checkpoint.max_keep_ckpts'] = 2
    options['default_hooks.checkpoint.save_interval'] = dict(iters=1)
    toy_runs.run(tmp_path, **options)

    assert [n for n in names(tmp_path) if 'best' not in n] == ['iter_10.pth', 'iter_8.pth']


def test_a_moved_run_goes_on_from_its_last_checkpoint(tmp_path):
    from sr4ir_mm.engine.hooks.checkpoint_files import find_readable_checkpoint

    toy_runs.run(tmp_path / 'run', epochs=3)
    shutil.move(tmp_path / 'run', tmp_path / 'moved')
    for name in ('epoch_2.pth', 'epoch_1.pth'):
        (tmp_path / 'moved' / name).touch()

    assert find_readable_checkpoint(tmp_path / 'moved')[0].name == 'epoch_3.pth'


def test_with_mmengines_hook_signals_are_left_alone(tmp_path):
    cfg = toy_runs.config(tmp_path, epochs=1)
    cfg.default_hooks.checkpoint = dict(type='CheckpointHook')
    runner = Runner.from_cfg(cfg)
    runner.train()

    assert not runner.train_loop.interruption.is_heeded


@pytest.mark.parametrize('by_epoch', [True, False])
def test_what_a_signal_left_goes_once_a_regular_checkpoint_is_there(tmp_path, by_epoch):
    options = dict(epochs=2) if by_epoch else toy_runs.by_iterations(8, val_interval=20)
    hooks = [dict(type='sr4ir_mm.SignalIn', iteration=1)]
    with pytest.raises(SystemExit):
        toy_runs.run(tmp_path, custom_hooks=hooks, **options)
    assert names(tmp_path) == ['iter_2.pth']
    toy_runs.run(tmp_path, resume=True, **options)

    regular = ['epoch_1.pth', 'epoch_2.pth'] if by_epoch else ['iter_4.pth', 'iter_8.pth']
    assert [name for name in names(tmp_path) if 'best' not in name] == regular


def test_a_regular_checkpoint_of_another_hook_stays_when_it_is_resumed(tmp_path):
    """A run by epochs may have a second hook that counts iterations."""
    second = dict(type='CheckpointHook', by_epoch=False, interval=3, priority='LOW')
    hooks = [second, dict(type='sr4ir_mm.RaiseIn', iteration=3)]
    with pytest.raises(RuntimeError):
        toy_runs.run(tmp_path, epochs=1, custom_hooks=hooks)
    assert names(tmp_path) == ['iter_3.pth']
    toy_runs.run(tmp_path, epochs=1, resume=True, custom_hooks=[second])

    assert {'epoch_1.pth', 'iter_3.pth'} <= set(names(tmp_path))


@pytest.mark.parametrize(
    ('path', 'is_own'),
    [
        ('s3://bucket/run/iter_3.pth', True),
        ('s3://bucket/other/iter_3.pth', False),
        ('iter_3.pth', False),
    ],
)
def test_files_of_other_runs_are_told_apart_on_a_server_too(path, is_own):
    from sr4ir_mm.engine.hooks import TaskCheckpointHook

    hook = TaskCheckpointHook()
    hook.out_dir = 's3://bucket/run'

    assert hook._is_own(path) == is_own
