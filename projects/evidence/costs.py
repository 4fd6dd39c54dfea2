"""Measure what an iteration of every method costs on every set, from which the epochs of a budget follow.

    python projects/evidence/costs.py --sets sign-digits-scratch

Methods take the same number of training batches in turn in one process of one thread, loading included, from the
initial networks of seed 0. The thread's own time counts, so that a busy machine hits all of them alike, and only
their ratios are used. Start-up, logging, checkpoints and validations are left out.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from evidence import plan
from ladder import CONFIGS, COSTS, Run, runs_on
from methods import ABLATIONS, BICUBIC, CANDIDATES, METHODS, SYSTEMS
from mmengine.logging import MessageHub
from mmengine.runner import Runner
from sets import SETS

from sr4ir_mm.apis.runs import last_checkpoint, run_all
from sr4ir_mm.utils import cli
from sr4ir_mm.utils.track import track

ITERATIONS = 24


@dataclass
class Candidate:
    """One method, ready to train.

    Attributes:
        runner: Holds model, optimizers and data.
        batches: Its training images, without end.
        seconds: Of each iteration so far.
    """

    runner: Runner
    batches: Iterator
    seconds: list[float] = field(default_factory=list)

    def step(self, iteration: int) -> None:
        """One iteration, timed."""
        hub = MessageHub.get_current_instance()
        hub.update_info('iter', iteration)
        # Losses that begin late do so at their share of these iterations.
        hub.update_info('max_iters', ITERATIONS)
        start = time.thread_time()
        self.runner.model.train_step(next(self.batches), self.runner.optim_wrapper)
        self.seconds.append(time.thread_time() - start)

    def cost(self) -> float:
        """Mean over a training; the first step warmed up."""
        return statistics.mean(self.seconds[1:])


def main() -> None:
    """Measure and write the file."""
    parser = argparse.ArgumentParser(description='Measure what an iteration costs')
    once = [name for name in SETS if not SETS[name].same_as]
    parser.add_argument('--sets', nargs='+', choices=list(SETS), default=once)
    known = (*METHODS, *ABLATIONS, *SYSTEMS, *CANDIDATES)
    every = [method for method in known if method not in ('h2t', 's2t-more', BICUBIC)]
    parser.add_argument('--methods', nargs='+', choices=every, default=every)
    parser.add_argument('--scales', nargs='+', type=int, help="default: all of a set's")
    args = parser.parse_args()
    torch.set_num_threads(1)
    methods = list(dict.fromkeys(['l2t', *args.methods]))
    for name in args.sets:
        for scale in args.scales or SETS[name].scales:
            write(f'{name}_x{scale}', measure(name, scale, methods))


def measure(data: str, scale: int, methods: list[str]) -> dict[str, float]:
    """Method -> seconds of an iteration."""
    runs = {
        method: Run(method, data, scale, 0, 1) for method in methods if runs_on(method, data, scale)
    }
    sources = {s for run in runs.values() for s in run.sources().values()}
    run_all([s for s in sources if not s.training().done], plan(held_out=False), 2)
    candidates = {method: prepare(run) for method, run in runs.items()}
    for iteration in track([0, *range(ITERATIONS)], f'{data} x{scale}'):
        for candidate in candidates.values():
            candidate.step(iteration)
    return {method: candidate.cost() for method, candidate in candidates.items()}


def prepare(run: Run) -> Candidate:
    """Build a run's model, optimizers and data."""
    init = {net: source.training() for net, source in run.sources().items()}
    weights = {
        f'model.init_from.{net}': str(last_checkpoint(t.work_dir)) for net, t in init.items()
    }
    options = {**weights, **run.own_options()}
    cfg = cli.load_config(str(CONFIGS / f'{run.config_name}.py'), options)
    cfg.work_dir = tempfile.mkdtemp()
    cfg.experiment_name = f'{run.name}_costs'
    cfg.log_level = 'ERROR'
    runner = Runner.from_cfg(cfg)
    runner.model.init_weights()
    runner.model.train()
    runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    loader = runner.build_dataloader(cfg.train_dataloader)
    return Candidate(runner, endless(loader))


def endless(loader: torch.utils.data.DataLoader) -> Iterator:
    """Batches without end."""
    while True:
        yield from loader


def write(ladder: str, seconds: dict[str, float]) -> None:
    """Add the figures of a set to the file; methods measured before keep theirs, in the same measure of L->T."""
    costs = json.loads(COSTS.read_text()) if COSTS.is_file() else {}
    before = costs.get(ladder, {}).get('ratios', {})
    ratios = {method: round(value / seconds['l2t'], 3) for method, value in seconds.items()}
    costs[ladder] = dict(ratios={**before, **ratios}, seconds_of_l2t=round(seconds['l2t'], 5))
    COSTS.write_text(json.dumps(costs, indent=1) + '\n')
    print(ladder, ratios, flush=True)


if __name__ == '__main__':
    os.environ.setdefault('OMP_NUM_THREADS', '1')
    os.environ.setdefault('MKL_NUM_THREADS', '1')
    cli.run(main)
