"""Two processes (gloo, CPU): in sync, and their checkpoints load strictly in one process (traps 2 and 3)."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.model import is_model_wrapper
from mmengine.model.wrappers import MMSeparateDistributedDataParallel

from tests import toy, toy_runs

ROOT = Path(__file__).parents[2]


def launch(work_dir, method='sr4ir'):
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    command = [
        *(
            sys.executable,
            '-m',
            'torch.distributed.run',
            '--nproc_per_node=2',
            f'--master_port={port}',
        ),
        *('-m', 'tests.contracts.dist_worker', str(work_dir), method),
    ]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [torch.load(work_dir / f'rank_{rank}.pt', weights_only=False) for rank in range(2)]


def trainable(state):
    return {k: v for k, v in state.items() if 'running' not in k and 'num_batches' not in k}


@pytest.mark.dist
@pytest.mark.parametrize(
    'method', ['sr4ir', 'parts', 'joint', 'accumulate', 'gan', 'gan-accumulate']
)
def test_ranks_agree_and_the_checkpoint_loads_strictly(tmp_path, method):
    first, second = launch(tmp_path, method)
    assert first.keys() == second.keys()
    assert not [key for key in trainable(first) if not torch.equal(first[key], second[key])]
    checkpoint = torch.load(tmp_path / 'epoch_2.pth', weights_only=False)
    assert not [key for key in checkpoint['state_dict'] if '.module.' in key]
    model = toy.build('cls', **(toy.SOD_MTGAN if 'gan' in method else {}))
    initial = toy.snapshot(model)
    model.load_state_dict(checkpoint['state_dict'], strict=True)
    assert {key.split('.')[0] for key in toy.changed(initial, model)} == set(model.nets())


@pytest.mark.dist
def test_a_distributed_run_resumes_and_one_process_tests_its_checkpoint(tmp_path):
    before, _ = launch(tmp_path)
    after, second = launch(tmp_path, 'resume')
    assert [key for key in trainable(before) if not torch.equal(before[key], after[key])]
    assert not [key for key in trainable(after) if not torch.equal(after[key], second[key])]
    from mmengine.runner import Runner

    cfg = toy_runs.config(tmp_path / 'test', load_from=str(tmp_path / 'epoch_3.pth'))
    runner = Runner.from_cfg(cfg)
    runner.test()
    assert all(torch.equal(v, after[k]) for k, v in trainable(runner.model.state_dict()).items())


@pytest.mark.dist
def test_averages_go_on_in_two_processes_and_in_one(tmp_path):
    """EMAHook loads a copy of the wrapped model with torch's own loader, not strictly."""
    for trained, resumed in launch(tmp_path, 'ema'):
        assert_same(trained, resumed)
    cfg = toy_runs.config(tmp_path, epochs=2, resume=True, experiment_name='one process')
    cfg.custom_hooks.append(toy_runs.EMA)
    from mmengine.runner import Runner

    runner = Runner.from_cfg(cfg)
    runner.train()
    assert_same(trained, toy_runs.average(runner))
    assert toy.changed(trained, runner.model)


def assert_same(a, b):
    assert a.keys() == b.keys()
    assert not [key for key in trainable(a) if not torch.equal(a[key], b[key])]


@pytest.mark.parametrize('strict', [True, False])
def test_wrapped_children_load_plain_names(strict):
    source, target = toy.build('cls'), toy.build('cls')
    for value in source.state_dict().values():
        value.fill_(2)
    target.task_net = FakeWrapper(target.task_net)
    for _ in range(2):
        target.load_state_dict(source.state_dict(), strict=strict)
    assert not toy.changed(source.state_dict(), target)


def test_wrapped_children_are_saved_under_plain_names():
    """Without processes: the hook alone, and that it is what makes it work."""
    model = toy.build('cls')
    plain = set(model.state_dict())
    model.task_net = FakeWrapper(model.task_net)
    assert is_model_wrapper(model.task_net)
    assert set(model.state_dict()) == plain
    model._state_dict_hooks.clear()
    assert any('task_net.module.' in key for key in model.state_dict())


class FakeWrapper(torch.nn.DataParallel):
    """A wrapper that needs no process group."""


def test_the_wrapper_is_the_runtime_default():
    from mmengine.config import Config

    cfg = Config.fromfile(ROOT / 'configs/_base_/default_runtime.py')
    assert cfg.model_wrapper_cfg.type == MMSeparateDistributedDataParallel.__name__
    assert cfg.model_wrapper_cfg.broadcast_buffers is False
