"""Two processes compute what one computes with the same global batch."""

import json

import pytest
import torch
from mmengine.runner import Runner

from sr4ir_mm.utils import cli
from tests import processes, toy_runs

EXACT = {
    # Frozen norms, no random numbers of a process's own: what is left is the arithmetic.
    'model.task_net.backbone.norm_eval': True,
    'model.channels_last': True,
    'model.phases': [
        dict(type='sr4ir_mm.SRPhase', pixel=dict(), tdp=dict()),
        dict(type='sr4ir_mm.TaskPhase', images=dict(sr=0.5, hr=0.5)),
    ],
    'optim_wrapper.sr_net.optimizer': dict(_delete_=True, type='SGD', lr=0.1),
    'train_dataloader.dataset.pipeline': [dict(type='sr4ir_mm.PackToy', noise=False)],
    'val_dataloader.dataset.pipeline': [dict(type='sr4ir_mm.PackToy', noise=False)],
}


@pytest.fixture(autouse=True)
def _one_thread():
    """As in the forked processes: the number of threads changes rounding."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def train(work_dir, launcher, batch_size, options):
    cfg = toy_runs.config(work_dir, epochs=2, **EXACT)
    cfg.merge_from_dict(options)
    cfg.train_dataloader.batch_size = batch_size
    cfg.launcher = launcher
    cli.join_processes_on_cpu(cfg)
    runner = Runner.from_cfg(cfg)
    runner.train()
    scalars = runner.message_hub.log_scalars
    result = dict(
        weights=dict(getattr(runner.model, 'module', runner.model).state_dict()),
        losses={k: torch.tensor(v.data[0]) for k, v in scalars.items() if 'loss' in k},
        metrics={
            k: v.current() for k, v in scalars.items() if k.startswith('val/') and 'time' not in k
        },
        iterations=runner.iter,
    )
    rank = 0 if launcher == 'none' else torch.distributed.get_rank()
    torch.save(result, work_dir / f'rank_{rank}.pt')


def results(tmp_path, **options):
    """One process with batches of two, and two with batches of one."""
    train(tmp_path / 'one', 'none', 2, options)
    codes = processes.run(
        train, tmp_path / 'two', 'pytorch', 1, options, count=2, log=tmp_path / 'log'
    )
    assert codes == [0, 0], (tmp_path / 'log.0').read_text()[-2000:]
    paths = [tmp_path / 'one/rank_0.pt', tmp_path / 'two/rank_0.pt', tmp_path / 'two/rank_1.pt']
    return [torch.load(path, weights_only=False) for path in paths]


@pytest.mark.dist
@pytest.mark.parametrize('counts', [1, 3])
@pytest.mark.parametrize('method', [{}, toy_runs.SOD_MTGAN], ids=['sr4ir', 'sod-mtgan'])
def test_losses_weights_and_metrics_are_equal(tmp_path, counts, method):
    names = ['sr_net', 'task_net', *(['discriminator'] if method else [])]
    options = {f'optim_wrapper.{name}.accumulative_counts': counts for name in names}
    one, first, second = results(tmp_path, **method, **options)
    assert one['iterations'] == first['iterations'] == 8
    for key, value in one['weights'].items():
        assert torch.equal(first['weights'][key], second['weights'][key]), key
        torch.testing.assert_close(first['weights'][key], value, rtol=1e-5, atol=1e-5)
    assert 'train/sr_net/loss_pixel' in one['losses']
    for key, value in one['losses'].items():
        mean = (first['losses'][key] + second['losses'][key]) / 2
        torch.testing.assert_close(mean, value, rtol=1e-5, atol=1e-5)
    for key, value in one['metrics'].items():
        assert first['metrics'][key] == pytest.approx(value, rel=1e-4), key


@pytest.mark.dist
def test_an_uneven_set_keeps_processes_together_and_counts_each_image_once(tmp_path):
    lengths = {f'{kind}_dataloader.dataset.length': 7 for kind in ('train', 'val')}
    # Rates of zero: both evaluate the same weights.
    still = {f'optim_wrapper.{name}.optimizer.lr': 0.0 for name in ('sr_net', 'task_net')}
    one, first, second = results(tmp_path, **lengths, **still)
    assert one['iterations'] == first['iterations'] == second['iterations'] == 8
    assert {'val/accuracy/top1', 'val/sr/psnr'} <= one['metrics'].keys()
    assert first['metrics'] == pytest.approx(one['metrics'], rel=1e-5)
    json.dumps(first['metrics'])
