"""Several trainings as one experiment, with a stand-in for tools/train.py that leaves what mmengine leaves."""

import json
import os
import textwrap
from dataclasses import replace

import pytest

from sr4ir_mm.apis.runs import (
    Plan,
    Training,
    last_checkpoint,
    minutes,
    run_all,
    train,
    validations,
)
from sr4ir_mm.utils.errors import UserError

# Trains two epochs; stops after the first if the file `stop` is there.
FAKE = """
import json, sys
from pathlib import Path

args = sys.argv[1:]
work = Path(args[args.index('--work-dir') + 1])
resume = '--resume' in args
print('arguments', ' '.join(args))
first = 2 if resume else 1
logs = work / f'attempt_{first}' / 'vis_data'
logs.mkdir(parents=True)
for epoch in range(first, 3):
    (work / f'epoch_{epoch}.pth').touch()
    (work / 'last_checkpoint').write_text(f'/elsewhere/epoch_{epoch}.pth')
    with (logs / 'scalars.json').open('a') as file:
        file.write(json.dumps({'loss': 1.0, 'step': 7}) + '\\n')
        file.write(json.dumps({'mAP': epoch / 10, 'other': 3, 'step': epoch}) + '\\n')
    if epoch == 1 and Path('stop').is_file():
        sys.exit('out of power')
"""


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Trainings in an empty project."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'tools').mkdir()
    (tmp_path / 'tools' / 'train.py').write_text(textwrap.dedent(FAKE))

    def training(name='a', **init):
        return Training(tmp_path / 'x.py', tmp_path / 'work' / name, 3, init)

    return training


def test_a_finished_training_is_not_done_again(make):
    training = make()
    lines = []

    train(training, lines.append)
    train(training, lines.append)

    assert training.done
    assert len(lines) == 1
    assert training.log.read_text() == lines[0]


def test_weights_come_from_the_last_checkpoint_of_another_training(make):
    source = make('source')
    train(source)

    training = make('b', task_net=source.work_dir)

    assert last_checkpoint(source.work_dir) == source.work_dir / 'epoch_2.pth'
    assert training.arguments()[-2:] == [
        '--cfg-options',
        f'model.init_from.task_net={source.work_dir}/epoch_2.pth',
    ]
    assert training.command().startswith('python tools/train.py ')
    assert '--seed 3' in training.command()


def test_settings_follow_the_weights(make):
    training = replace(make('b'), options={'train_cfg.max_epochs': 7})

    assert training.arguments()[-2:] == ['--cfg-options', 'train_cfg.max_epochs=7']


def test_a_source_without_checkpoint_is_named(make):
    with pytest.raises(UserError, match='work/source holds no checkpoint'):
        make('b', task_net=make('source').work_dir).arguments()


def test_failure_tells_the_end_of_the_log_and_the_next_call_resumes(make, tmp_path):
    training = make()
    (tmp_path / 'stop').touch()
    with pytest.raises(UserError, match='out of power'):
        train(training)
    assert not training.done
    assert (training.work_dir / 'epoch_1.pth').is_file()

    (tmp_path / 'stop').unlink()
    train(training)

    assert training.done
    assert '--resume' in training.log.read_text().splitlines()[-1]
    assert validations(training, ['mAP']) == {1: {'mAP': 0.1}, 2: {'mAP': 0.2}}


def test_minutes_leave_out_what_an_interruption_lost(make):
    training = make()
    train(training)
    done = (training.work_dir / 'done').stat().st_mtime
    # Two attempts: one of 100 s that saved after 60 s, then one of 30 s.
    starts = [done - 1000, done - 30]
    (training.work_dir / 'attempts.json').write_text(json.dumps(starts))
    os.utime(training.work_dir / 'epoch_1.pth', (starts[0] + 60, starts[0] + 60))

    assert minutes(training) == pytest.approx(1.5, abs=0.01)


def test_runs_are_told_with_what_is_left(capsys):
    done = set()
    plan = Plan(
        sources=lambda run: ['a'] if run == 'b' else [],
        done=done.__contains__,
        finish=lambda run: done.add(run) or 'fine',
    )
    run_all(['b', 'c'], plan, jobs=1)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[1].rstrip(':') for line in lines[::2]] == ['a', 'b', 'c']
    assert lines[1].startswith('done    a: fine, about 0 min left')
    assert lines[-1] == 'done    c: fine'
