"""Inference from LR images to predictions against the two networks alone.

    python tools/analysis_tools/benchmark_inference.py configs/sr4ir/resnet18_edsr_x4_cars.py --size 56 56 --threads 1

``end to end`` is ``test_step`` of the model on LR images as a pipeline packs them; ``SR network`` and ``task network``
get what they take, prepared, and give their raw output and the library's predictions. They run in turn in one process
on the same image; the overhead is the median of the ratios of the turns.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable
from pathlib import Path

import torch
from mmengine.registry import init_default_scope

from sr4ir_mm.models.task_driven_sr import TaskDrivenSR
from sr4ir_mm.registry import MODELS
from sr4ir_mm.testing.samples import make_batch
from sr4ir_mm.testing.zoo import strip_weights
from sr4ir_mm.utils import cli
from sr4ir_mm.utils.counters import clock

PARTS = ('end to end', 'SR network', 'task network')


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Measure inference end to end')
    parser.add_argument('config')
    parser.add_argument('--batch', type=int, default=1, help='images in a batch')
    parser.add_argument('--size', nargs=2, type=int, default=[56, 56], help='of the LR images')
    parser.add_argument('--device', default='cpu')
    parser.add_argument('--iterations', type=int, default=10)
    parser.add_argument('--threads', type=int, help="PyTorch's threads")
    parser.add_argument('--out', type=Path, help='JSON file of all figures')
    return parser.parse_args()


def build(args: argparse.Namespace) -> TaskDrivenSR:
    """The model with random weights, for LR input."""
    cfg = cli.load_config(args.config, {'model.init_from': None, 'model.test_cfg.input': 'lr'})
    strip_weights(cfg.model)
    init_default_scope(cfg.default_scope)
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    model.init_weights()
    return model.to(args.device).eval()


@torch.no_grad()
def ways(model: TaskDrivenSR, args: argparse.Namespace) -> dict[str, Callable[[], object]]:
    """What is timed, by name."""
    data = make_batch(model.task_net, [tuple(args.size)] * args.batch, training=False)
    batch = model.data_preprocessor(data, False)['inputs']
    sr_rgb01 = model.super_resolve(batch.lr_rgb01)

    def samples() -> tuple:
        return model.adapter.to_task_inputs(sr_rgb01, batch, for_prediction=True)

    inputs = samples()[0]
    # The libraries write into data samples: each pass gets its own, made outside the measured time.
    fresh = [samples()[1] for _ in range(args.iterations + 1)]
    return {
        'end to end': lambda: model.test_step(data),
        'SR network': lambda: model.sr_net(batch.lr_rgb01),
        'task network': lambda: model.task_net(inputs, fresh.pop(), mode='predict'),
    }


def measure(
    candidates: dict[str, Callable[[], object]], args: argparse.Namespace
) -> list[dict[str, float]]:
    """Seconds of each in each turn; the first turn warms up."""
    now = clock(torch.device(args.device))
    turns = []
    with torch.no_grad():
        for _ in range(args.iterations + 1):
            turn = {}
            for name, run in candidates.items():
                begin = now()
                run()
                turn[name] = now() - begin
            turns.append(turn)
    return turns[1:]


def main() -> None:
    """Measure and tell."""
    args = parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    turns = measure(ways(build(args), args), args)
    figures = {name: statistics.median(turn[name] for turn in turns) for name in PARTS}
    ratios = [t['end to end'] / (t['SR network'] + t['task network']) for t in turns]
    figures['ratio'] = statistics.median(ratios)
    for name, value in figures.items():
        print(f'{name}: {value:.4f}')
    print(f'ratios from {min(ratios):.3f} to {max(ratios):.3f}')
    if args.out:
        args.out.write_text(json.dumps(figures, indent=1) + '\n')


if __name__ == '__main__':
    cli.run(main)
