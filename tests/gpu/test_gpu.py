"""For a machine with one or two GPUs: bash tools/run_tests.sh -m gpu."""

import copy
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.runner import Runner

from tests import toy, toy_runs
from tests.contracts.test_distributed import launch, trainable

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU'),
]
TWO = pytest.mark.skipif(torch.cuda.device_count() < 2, reason='needs two GPUs')
ROOT = Path(__file__).parents[2]
#: Largest relative difference between a loss on the CPU and on the GPU, without TF32.
TOLERANCE = 1e-3


@pytest.fixture(autouse=True)
def _full_precision():
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    yield
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = before


@pytest.mark.parametrize('channels_last', [False, True])
@pytest.mark.parametrize('task', ['cls', 'seg', 'det'])
def test_losses_are_those_of_the_cpu(task, channels_last):
    on_cpu = toy.build(task, channels_last=channels_last).train()
    on_gpu = copy.deepcopy(on_cpu).cuda()
    losses = []
    for model in (on_cpu, on_gpu):
        torch.manual_seed(0)
        batch = model.data_preprocessor(toy.batch(task), True)['inputs']
        losses.append({k: v for k, v in model(batch, mode='loss').items() if 'cqmix' not in k})

    for name, value in losses[0].items():
        ours, theirs = (torch.as_tensor(side).double().cpu() for side in (losses[1][name], value))
        torch.testing.assert_close(ours, theirs, rtol=TOLERANCE, atol=1e-5, msg=name)


@pytest.mark.parametrize('dtype', ['float16', 'bfloat16'])
def test_mixed_precision_trains_both_networks(tmp_path, dtype):
    options = {
        f'optim_wrapper.{name}': dict(type='AmpOptimWrapper', dtype=dtype)
        for name in ('sr_net', 'task_net')
    }
    cfg = toy_runs.config(tmp_path, epochs=2)
    cfg.merge_from_dict(options)
    runner = Runner.from_cfg(cfg)
    before = {k: v.clone() for k, v in runner.model.state_dict().items()}

    runner.train()

    after = runner.model.state_dict()
    moved = {k.split('.')[0] for k, v in after.items() if not torch.equal(before[k], v)}
    assert moved == {'sr_net', 'task_net'}
    assert all(torch.isfinite(v).all() for v in after.values())


def test_a_run_resumes(tmp_path):
    toy_runs.run(tmp_path, epochs=2)
    resumed = toy_runs.run(tmp_path, epochs=3, resume=True)

    assert (resumed.epoch, resumed.iter) == (3, 12)


@TWO
@pytest.mark.dist
@pytest.mark.parametrize('method', ['sr4ir', 'joint', 'accumulate'])
def test_two_gpus_agree(tmp_path, method):
    first, second = launch(tmp_path, method)

    for key, value in trainable(first).items():
        assert torch.equal(value.cpu(), second[key].cpu()), key


@pytest.mark.parametrize(
    'config', ['resnet18_edsr_x4_cars', 'deeplabv3_edsr_x4_voc', 'faster-rcnn_edsr_x4_voc']
)
def test_the_benchmark_writes_speed_and_memory(tmp_path, config):
    """Figures for docs/performance.md: what ships beside the authors' loop."""
    out = tmp_path / 'benchmark.json'
    command = [sys.executable, 'tools/analysis_tools/benchmark.py', f'configs/sr4ir/{config}.py']
    command += ['--device', 'cuda', '--iterations', '5', '--out', str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    print(done.stdout)
    assert json.loads(out.read_text())


def test_degradations_of_the_device_follow_their_seeds():
    from sr4ir_mm.models.degradations import DegradationChain

    blur = dict(type='sr4ir_mm.GaussianBlur', sigma=(0.5, 3.0), anisotropic=0.5)
    noise = dict(type='sr4ir_mm.GaussianNoise', sigma=(5, 10))
    photons = dict(type='sr4ir_mm.PoissonNoise', strength=(0.5, 1.0))
    jpeg = dict(type='sr4ir_mm.JPEG', quality=(30, 90))
    hr_rgb01, seeds = torch.rand(3, 3, 64, 64), [1, 2, 3]

    chain = DegradationChain(4, [blur, noise, photons, jpeg])
    first, again = (chain(hr_rgb01.cuda(), seeds) for _ in range(2))
    assert first.device.type == 'cuda'
    assert torch.equal(first, again)

    # Without noise, numbers are the CPU's on every device.
    blurred = DegradationChain(4, [blur], quantize=False)
    assert torch.allclose(
        blurred(hr_rgb01.cuda(), seeds).cpu(), blurred(hr_rgb01, seeds), atol=1e-4
    )
