"""Time training iterations with convolutions in the usual memory layout and in channels-last order.

    python tools/analysis_tools/benchmark_layout.py configs/evidence/sr4ir_x8_camvid.py --size 120 160 --batch 2

Both models take the same generated batches in turn, so that what else the machine does hits both alike; the ratio of
the medians is the answer, not the seconds.
"""

from __future__ import annotations

import argparse
import copy
import statistics
import time
from types import SimpleNamespace

import torch
from mmengine.optim import OptimWrapperDict
from mmengine.registry import init_default_scope

from sr4ir_mm.engine.hooks import ChannelsLastHook
from sr4ir_mm.models.task_driven_sr import TaskDrivenSR
from sr4ir_mm.registry import MODELS, OPTIM_WRAPPER_CONSTRUCTORS
from sr4ir_mm.testing.samples import make_batch
from sr4ir_mm.utils import cli


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Compare memory layouts')
    parser.add_argument('configs', nargs='+', help='config files')
    parser.add_argument('--size', nargs=2, type=int, default=[96, 96], help='height and width')
    parser.add_argument('--batch', type=int, default=8, help='images in a batch')
    parser.add_argument('--iterations', type=int, default=10, help='of each layout')
    parser.add_argument('--threads', type=int, default=1, help="PyTorch's threads")
    return parser.parse_args()


def main() -> None:
    """Time both layouts of each config."""
    args = parse_args()
    torch.set_num_threads(args.threads)
    for path in args.configs:
        cfg = cli.load_config(path, {'model.init_from': None})
        init_default_scope(cfg.default_scope)
        torch.manual_seed(0)
        models = {'usual': MODELS.build(cfg.model).train()}
        models['channels-last'] = copy.deepcopy(models['usual'])
        ChannelsLastHook().before_run(SimpleNamespace(model=models['channels-last']))
        constructor = dict(
            type=cfg.optim_wrapper.pop('constructor'), optim_wrapper_cfg=cfg.optim_wrapper
        )
        optimizers = {
            name: OPTIM_WRAPPER_CONSTRUCTORS.build(copy.deepcopy(constructor))(model)
            for name, model in models.items()
        }
        medians = measure(models, optimizers, args)
        told = ', '.join(f'{name} {seconds:.3f} s' for name, seconds in medians.items())
        ratio = medians['usual'] / medians['channels-last']
        print(f'{path}: {told}, {ratio:.2f} times as fast')


def measure(
    models: dict[str, TaskDrivenSR],
    optimizers: dict[str, OptimWrapperDict],
    args: argparse.Namespace,
) -> dict[str, float]:
    """Median seconds of an iteration by layout, after one to warm up."""
    times: dict[str, list[float]] = {name: [] for name in models}
    for iteration in range(args.iterations + 1):
        for name, model in models.items():
            batch = make_batch(model.task_net, [tuple(args.size)] * args.batch, seed=iteration)
            start = time.perf_counter()
            model.train_step(batch, optimizers[name])
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values[1:]) for name, values in times.items()}


if __name__ == '__main__':
    cli.run(main)
