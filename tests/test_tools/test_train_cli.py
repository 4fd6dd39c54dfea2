"""tools/train.py, tools/test.py and their shell scripts, run for real on a toy."""

import importlib.util
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.fileio import load

ROOT = Path(__file__).resolve().parents[2]
TOYS = Path(__file__).resolve().parent

CONFIG = """
custom_imports = dict(imports=['toy_for_tools'], allow_failed_imports=False)
model = dict(type='ToyTwoNets')
optim_wrapper = dict(
    constructor='sr4ir_mm.SeparateOptimWrapperConstructor',
    sr_net=dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1)),
    task_net=dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.2)),
)
dataset = dict(type='ToyLines', data_root={root!r}, ann_file='train.txt')
sampler = dict(type='DefaultSampler', shuffle=False)
collate = dict(type='pseudo_collate')
train_dataloader = dict(batch_size=2, num_workers=0, dataset=dataset, sampler=sampler,
                        collate_fn=collate)
val_dataloader = train_dataloader
test_dataloader = train_dataloader
val_evaluator = dict(type='ToyMean')
test_evaluator = val_evaluator
train_cfg = dict(by_epoch=True, max_epochs=1)
val_cfg = dict()
test_cfg = dict()
model_wrapper_cfg = dict(type='MMSeparateDistributedDataParallel')
default_hooks = dict(logger=dict(type='LoggerHook', interval=1))
auto_scale_lr = dict(enable=False, base_batch_size=4)
env_cfg = dict(dist_cfg=dict(backend='nccl'))
data_help = 'write one number a line'
"""


@pytest.fixture
def config(tmp_path):
    (tmp_path / 'data').mkdir()
    (tmp_path / 'data/train.txt').write_text('1\n2\n3\n4\n')
    path = tmp_path / 'toy.py'
    path.write_text(CONFIG.format(root=str(tmp_path / 'data')))
    return path


@pytest.fixture
def tool(monkeypatch, tmp_path):
    """Run a tool in this process, from a folder of its own; returns the exit code."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(TOYS)

    def call(name, *args):
        spec = importlib.util.spec_from_file_location(f'tool_{name}', ROOT / f'tools/{name}.py')
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        monkeypatch.setattr(sys, 'argv', [name, *map(str, args)])
        try:
            module.cli.run(module.main)
        except SystemExit as stop:
            return stop.code
        return 0

    return call


def sentence(capsys):
    """Return the one line on stderr."""
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith('error: ')
    return line


def scalars(work_dir):
    (path,) = work_dir.glob('*/vis_data/scalars.json')
    return [json.loads(line) for line in path.read_text().splitlines()]


def weights(path):
    return torch.load(path, weights_only=False)['state_dict']


def test_train_then_test(config, tool, tmp_path):
    assert tool('train', config, '--seed', 7) == 0
    work_dir = tmp_path / 'work_dirs/toy'
    checkpoint = work_dir / 'epoch_1.pth'
    assert checkpoint.is_file()
    assert 'seed=7' in (work_dir / 'toy.py').read_text()

    out = tmp_path / 'out.pkl'
    assert tool('test', config, checkpoint, '--work-dir', tmp_path / 'test', '--out', out) == 0
    predictions = load(out)
    assert len(predictions) == 4
    assert set(predictions[0]) == {'value'}
    logged = list((tmp_path / 'test').glob('*/*.json'))
    assert 'toy_mean' in json.loads(logged[0].read_text())


def test_the_real_model_end_to_end(tool, tmp_path, monkeypatch):
    """Train SR4IR, then test its checkpoint with pictures and a prediction file."""
    from tests import toy_runs

    monkeypatch.chdir(ROOT)
    cfg = toy_runs.config(tmp_path / 'train', epochs=1)
    cfg.custom_imports = dict(imports=['tests.toy_runs'], allow_failed_imports=False)
    cfg.dump(tmp_path / 'sr4ir.py')
    monkeypatch.chdir(tmp_path)

    assert tool('train', 'sr4ir.py') == 0
    pictures = tmp_path / 'pictures'
    options = ['--show-dir', pictures, '--out', 'out.pkl', '--work-dir', 'tested']
    assert tool('test', 'sr4ir.py', 'train/epoch_1.pth', *options) == 0
    assert len(list(pictures.glob('*.png'))) == 8
    predictions = load('out.pkl')
    assert len(predictions) == 8
    assert 'pred_label' in predictions[0]
    assert not [key for key in predictions[0] if key.endswith('_rgb01')]


def test_options_reach_the_run(config, tool, tmp_path):
    options = ['--work-dir', tmp_path / 'w', '--auto-scale-lr']
    options += ['--cfg-options', 'optim_wrapper.task_net.optimizer.lr=0.4']
    assert tool('train', config, *options) == 0
    first = scalars(tmp_path / 'w')[0]
    # Batch 2 for a base of 4: half of each learning rate.
    assert first['sr_net.lr'] == pytest.approx(0.05)
    assert first['task_net.lr'] == pytest.approx(0.2)


def test_the_default_folder_is_not_shared_by_methods(config, tool, tmp_path, capsys):
    assert tool('train', config) == 0
    before = (tmp_path / 'work_dirs/toy/epoch_1.pth').read_bytes()
    config.write_text(config.read_text() + "model.update(phases=[dict(type='sr4ir_mm.SRPhase')])\n")
    capsys.readouterr()

    assert tool('train', config) == 2

    assert 'work_dirs/toy holds a run with other phases' in sentence(capsys)
    assert (tmp_path / 'work_dirs/toy/epoch_1.pth').read_bytes() == before


@pytest.mark.parametrize('with_path', [True, False])
def test_resume_equals_no_resume(config, tool, tmp_path, with_path):
    straight = ['--work-dir', tmp_path / 'a', '--seed', 1]
    assert tool('train', config, *straight, '--cfg-options', 'train_cfg.max_epochs=2') == 0
    resumed = ['--work-dir', tmp_path / 'b', '--seed', 1]
    assert tool('train', config, *resumed) == 0
    resume = ['--resume', tmp_path / 'b/epoch_1.pth'] if with_path else ['--resume']
    resumed += ['--cfg-options', 'train_cfg.max_epochs=2']
    assert tool('train', config, *resume, *resumed) == 0
    expected = weights(tmp_path / 'a/epoch_2.pth')
    for name, value in weights(tmp_path / 'b/epoch_2.pth').items():
        assert torch.equal(value, expected[name])


def test_missing_data_ends_before_anything_is_made(config, tool, tmp_path, capsys):
    (tmp_path / 'data/train.txt').unlink()
    assert tool('train', config) == 2
    line = sentence(capsys)
    assert str(tmp_path / 'data/train.txt') in line
    assert line.endswith('; write one number a line.')
    assert not (tmp_path / 'work_dirs').exists()


def test_missing_weights_end_the_run(config, tool, tmp_path, capsys):
    option = f'model.init_from.sr_net={tmp_path / "none.pth"}'
    assert tool('train', config, '--cfg-options', option) == 2
    assert str(tmp_path / 'none.pth') in sentence(capsys)


@pytest.mark.parametrize(
    ('args', 'words'),
    [
        (['none.py'], 'does not exist'),
        (['toy.py', '--resume', 'none.pth'], 'none.pth'),
        (['toy.py', '--cfg-options', 'model.type=Toy2'], "type='Toy2'"),
        (['toy.py', '--cfg-options', 'model.widht=2'], "takes no argument 'widht'"),
        (['toy.py', '--cfg-options', 'optim_wrapper.sr_net=None'], 'task_net'),
        (['toy.py', '--cfg-options', 'auto_scale_lr=None', '--auto-scale-lr'], 'base_batch_size'),
    ],
)
def test_mistakes_in_one_sentence(config, tool, capsys, args, words):
    assert tool('train', *args) == 2
    assert words in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.skipif(torch.cuda.is_available(), reason='there is an accelerator')
def test_amp_without_accelerator(config, tool, tmp_path):
    assert tool('train', config, '--amp') == 0
    weights = torch.load(tmp_path / 'work_dirs/toy/epoch_1.pth', weights_only=False)
    assert weights['optimizer']['sr_net']['skipped_updates'] == 0


def test_slurm_gets_the_processes_and_the_command(config, tmp_path):
    """A stand-in for srun writes its arguments down."""
    srun = tmp_path / 'srun'
    srun.write_text('#!/usr/bin/env bash\nprintf "%s\\n" "$@"\n')
    srun.chmod(0o755)
    environment = {**os.environ, 'PATH': f'{tmp_path}:{os.environ["PATH"]}', 'PYTHON': 'py'}
    environment |= {'GPUS': '16', 'GPUS_PER_NODE': '4', 'SRUN_ARGS': '--signal=TERM@60 --time=10'}
    command = [
        'bash',
        str(ROOT / 'tools/slurm_train.sh'),
        'part',
        'job',
        str(config),
        'out',
        '--resume',
    ]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    words = done.stdout.split('\n')
    assert {'--partition=part', '--job-name=job', '--gres=gpu:4', '--ntasks=16'} <= set(words)
    assert {'--ntasks-per-node=4', '--kill-on-bad-exit=1', '--signal=TERM@60', '--time=10'} <= set(
        words
    )
    tool = [str(ROOT / 'tools/train.py'), str(config), '--work-dir', 'out', '--launcher', 'slurm']
    assert words[words.index('py') :] == ['py', '-u', *tool, '--resume', '']


@pytest.mark.dist
def test_two_groups_of_processes_on_one_machine(config, tmp_path):
    """As two nodes: each starts its own group, and both train together."""
    environment = {**os.environ, 'PORT': str(free_port()), 'PYTHON': sys.executable}
    environment |= {'PYTHONPATH': str(TOYS), 'OMP_NUM_THREADS': '1', 'NNODES': '2'}
    environment |= {'CUDA_VISIBLE_DEVICES': ''}
    command = ['bash', str(ROOT / 'tools/dist_train.sh'), str(config), '1', '--work-dir', 'out']
    nodes = [
        subprocess.Popen(
            command,
            cwd=tmp_path,
            env={**environment, 'NODE_RANK': str(rank)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    errors = [node.communicate(timeout=120)[1] for node in nodes]
    assert [node.returncode for node in nodes] == [0, 0], errors
    saved = torch.load(tmp_path / 'out/epoch_1.pth', weights_only=False)
    assert saved['meta']['iter'] == 1


def test_mistakes_when_testing(config, tool, tmp_path, capsys):
    assert tool('test', config, 'none.pth') == 2
    assert str(tmp_path / 'none.pth') in sentence(capsys)
    assert tool('test', config, 'none.pth', '--out', 'out.txt') == 2
    assert '.pkl' in capsys.readouterr().err
    assert tool('test', config, 'none.pth', '--cfg-options', 'test_dataloader=None') == 2
    assert 'test_dataloader' in sentence(capsys)


def test_tool_as_a_process(config):
    """The exit code and the one line of a real process; with SR4IR_DEBUG=1, the traceback."""
    (config.parent / 'data/train.txt').unlink()
    command = [sys.executable, str(ROOT / 'tools/train.py'), str(config)]
    environment = {**os.environ, 'PYTHONPATH': f'{ROOT}:{TOYS}'}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith('error: ')
    assert 'Traceback' not in done.stderr
    environment['SR4IR_DEBUG'] = '1'
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert 'Traceback' in done.stderr


# ---------------------------------------------------------------------------------- shell scripts


@pytest.mark.parametrize('script', sorted(ROOT.glob('tools/*.sh')), ids=lambda path: path.name)
def test_shell_syntax(script):
    subprocess.run(['bash', '-n', str(script)], check=True)


@pytest.mark.parametrize('name', ['dist_train', 'dist_test', 'slurm_train'])
def test_shell_usage(name):
    done = subprocess.run(
        ['bash', str(ROOT / f'tools/{name}.sh')], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith('usage: ')


def free_port():
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        return taken.getsockname()[1]


@pytest.mark.dist
def test_two_processes(config, tmp_path):
    """Two processes train on the CPU; one process loads their checkpoint and so do two."""
    environment = {
        **os.environ,
        'PORT': str(free_port()),
        'PYTHON': sys.executable,
        'PYTHONPATH': str(TOYS),
        'OMP_NUM_THREADS': '1',
        'CUDA_VISIBLE_DEVICES': '',
    }

    def call(script, *args):
        return subprocess.run(
            ['bash', str(ROOT / f'tools/{script}.sh'), *map(str, args)],
            capture_output=True,
            text=True,
            env=environment,
            cwd=tmp_path,
            check=False,
        )

    options = ['--cfg-options', 'sync_bn=torch']  # as the segmentation configs have it
    done = call('dist_train', config, 2, '--work-dir', tmp_path / 'a b', *options)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count('notice: sync_bn') == 1
    assert 'x 2 processes' in done.stdout + done.stderr
    environment['PORT'] = str(free_port())
    done = call('dist_test', config, tmp_path / 'a b/epoch_1.pth', 2, '--work-dir', tmp_path / 't')
    assert done.returncode == 0, done.stderr


def test_without_a_checkpoint_finished_networks_are_needed(tool, config, capsys):
    for arguments in ([], ['none']):
        assert tool('test', config, *arguments) == 2
        assert (
            'there is no checkpoint to test, and model.init_from names no weights of'
            in sentence(capsys)
        )


def test_a_config_that_trains_nothing_is_for_testing(tool, config, capsys):
    config.write_text(f'{config.read_text()}train_dataloader = None\n')
    assert tool('train', config) == 2
    assert 'trains nothing, it has no train_dataloader; evaluate it with' in sentence(capsys)


def test_low_memory_tells_the_allocator(config, tool, monkeypatch):
    calls = []
    monkeypatch.setattr('sr4ir_mm.utils.memory.give_back_large_tensors', lambda: calls.append(True))
    assert tool('train', config, '--low-memory') == 0
    assert calls == [True]
