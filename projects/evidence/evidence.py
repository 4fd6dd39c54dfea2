"""Run the evidence ladder: every method on every set, several budgets and seeds, then write what docs tell of it.

    python projects/evidence/evidence.py                # the plan: sharp sets, five seeds, about a day of one core
    python projects/evidence/evidence.py --sets playing-cards --methods l2t sr4ir --seeds 0 --budgets 1 2
    python projects/evidence/evidence.py --tables-only
    python projects/evidence/evidence.py --held-out --sets clothing --seeds 0   # for choices: no test image is read

A run that has its file in docs/results/ is finished and is not done again; an interrupted training is resumed. Tables
and curves are made from those files alone. With ``--held-out`` every fourth training image, or the held-out images of a
set that has such, takes the place of the test images, and results go to docs/results/held-out/. The tables are those of
docs/results.md and a summary in README.md.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

from ladder import HELD_OUT_RESULTS, RESULTS, SEEDS, Run, check_costs, planned, rungs
from methods import ABLATIONS, CANDIDATES, INITIAL, METHODS, SR_MORE, SR_RUNGS, SYSTEMS
from report import write_report
from results import Result, predictions_path, read_result, read_results
from sets import SETS, SHARP
from summary import write_summaries
from warm import WarmLaunch

from sr4ir_mm.apis.runs import (
    Plan,
    Training,
    evaluate,
    minutes,
    run_all,
    train,
    validations,
)
from sr4ir_mm.utils import cli

HELD_OUT_EVERY = 4
TRAINING_CODE = ('sr4ir_mm', 'configs', 'projects/evidence/configs', 'tools/train.py')
REPORT = Path('docs/results.md')
README = Path('README.md')
#: File of a training's folder that names the code it began with.
_COMMIT = 'commit'
#: Left there by PredictionsHook.
_PREDICTIONS = 'predictions.npz'


def main() -> None:
    """Run what is missing, then write the tables."""
    args = parse_args()
    # The networks are so narrow that threads cost more than they bring.
    os.environ.setdefault('OMP_NUM_THREADS', '1')
    os.environ.setdefault('MKL_NUM_THREADS', '1')
    if not args.tables_only:
        wanted = missing(args)
        if args.list:
            print(*(f'{run.name} seed {run.seed}' for run in wanted), sep='\n')
            return
        check_costs(wanted)
        run_all(wanted, plan(args.held_out), args.jobs)
    results = read_results(RESULTS)
    write_report(results, REPORT, read_results(HELD_OUT_RESULTS))
    write_summaries(results, README, REPORT)
    print(f'Tables: {REPORT}, {README}')


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Run the evidence ladder')
    parser.add_argument('--sets', nargs='+', choices=list(SETS), default=list(SHARP))
    parser.add_argument(
        '--methods',
        nargs='+',
        choices=[*METHODS, *ABLATIONS, *SYSTEMS, *CANDIDATES],
        help="default: the set's in the plan",
    )
    parser.add_argument('--seeds', nargs='+', type=int, default=list(SEEDS))
    parser.add_argument('--budgets', nargs='+', type=int, help="default: the set's in the plan")
    parser.add_argument('--scales', nargs='+', type=int, help="default: all of a set's")
    parser.add_argument('--jobs', type=int, default=2, help='trainings at a time')
    parser.add_argument(
        '--held-out', action='store_true', help='test on held-out training images instead'
    )
    parser.add_argument('--tables-only', action='store_true', help='only write the tables')
    parser.add_argument('--list', action='store_true', help='only say what would be run')
    return parser.parse_args()


def missing(args: argparse.Namespace) -> list[Run]:
    """What is asked for and not there, set by set, smallest budgets first."""
    wanted = [
        run
        for data, methods, budget in planned(args.sets, args.methods, args.budgets)
        for run in rungs([data], methods, args.seeds, [budget], args.scales)
    ]
    return [run for run in dict.fromkeys(wanted) if not is_finished(run, args.held_out)]


def is_finished(run: Run, held_out: bool = False) -> bool:
    """Whether all its results are there."""
    return all(path.is_file() for path in run.result_paths(held_out).values())


def plan(held_out: bool) -> Plan[Run]:
    """What the scheduler has to know of the ladder."""
    return Plan(
        sources=lambda run: run.sources().values(),
        done=lambda run: run.training(held_out).done,
        finish=lambda run: finish(run, held_out),
        name=lambda run: f'{run.name} seed {run.seed}',
    )


def finish(run: Run, held_out: bool) -> str:
    """Train, and for a rung of the ladder write its result; returns what to say of it."""
    training = run.training(held_out)
    if held_out and not run.serves_both:
        write_held_out_config(run, training.config)
    note_commit(training)
    if run.is_trained:
        train(training, launch=WarmLaunch())
    if run.method in (*INITIAL, SR_MORE, *SR_RUNGS):
        return f'{minutes(training):.1f} minutes'
    result = write_results(run, training, held_out)
    return f'{result.metric} {result.value:.4f}, psnr {result.psnr}, {result.minutes} minutes'


def note_commit(training: Training) -> None:
    """Keep the commit that a training begins with; one that is resumed keeps its own."""
    path = training.work_dir / _COMMIT
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(git_commit())


def write_results(run: Run, training: Training, held_out: bool = False) -> Result:
    """Write a finished training's result for each scale; one written already keeps its commit and machine."""
    paths = run.result_paths(held_out)
    written = [read_result(path) for path in paths.values() if path.is_file()]
    result = written[0] if written else collect(run, training, held_out)
    for scale, path in paths.items():
        replace(result, scale=scale).write(path)
    folder = training.work_dir if run.is_trained else training.work_dir / 'test'
    answers = folder / _PREDICTIONS
    if answers.is_file():
        copy = predictions_path(next(iter(paths.values())))
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(answers, copy)
    return result


def collect(run: Run, training: Training, held_out: bool = False) -> Result:
    """The result of a run: the last validation of its training."""
    data = SETS[run.data]
    last = last_metrics(run, training, [data.metric, 'sr/psnr', 'sr/ssim', 'sr/fsim'])
    return Result(
        task=data.task,
        dataset=run.data,
        scale=run.scale or data.scales[0],
        method=run.method,
        seed=run.seed,
        budget=run.budget,
        epochs=run.epochs(),
        metric=data.metric,
        value=last[data.metric],
        psnr=finite(last['sr/psnr']),
        ssim=finite(last['sr/ssim']),
        fsim=finite(last['sr/fsim']) if 'sr/fsim' in last else None,
        commit=(training.work_dir / _COMMIT).read_text(),
        command=training.command(),
        minutes=round(minutes(training), 2) if training.done else 0.0,
        device=device(),
        held_out=held_out,
    )


def last_metrics(run: Run, training: Training, names: list[str]) -> dict[str, float]:
    """Metrics after the last epoch; those of a test where nothing is trained."""
    if not run.is_trained:
        return evaluate(training, None, {}, WarmLaunch())
    values = validations(training, names)
    return values[max(values)]


def finite(value: float) -> float | None:
    """None for the infinite PSNR of an image compared with itself."""
    return round(value, 4) if math.isfinite(value) else None


def git_commit() -> str:
    """The last commit of what a training reads, '-dirty' if that is being edited."""

    def git(*arguments: str) -> str:
        command = ['git', *arguments, '--', *TRAINING_CODE]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()

    commit = git('log', '-1', '--format=%h') or 'unknown'
    return f'{commit}-dirty' if git('status', '--porcelain') else commit


def device() -> str:
    """What the trainings run on."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f'CPU {platform.machine()}, {os.environ["OMP_NUM_THREADS"]} thread(s) a training'


def write_held_out_config(run: Run, path: Path) -> None:
    """A run's config with held-out images in place of the test images.

    They are the set's own (``held_out_dataset``) or every fourth training image, which is then not trained on.
    """
    cfg = cli.load_config(str(run.training().config))
    own = cfg.get('held_out_dataset')
    if own is not None:
        cfg.val_dataloader.dataset = own
    else:
        hold_out(cfg)
    cfg.test_dataloader = cfg.val_dataloader
    path.parent.mkdir(parents=True, exist_ok=True)
    cfg.dump(str(path))


def hold_out(cfg: object) -> None:
    """Take every fourth image out of the training images of a config and validate on them."""
    from mmengine.registry import DATASETS, DefaultScope

    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        count = len(DATASETS.build(cfg.train_dataloader.dataset))
    held_out = list(range(0, count, HELD_OUT_EVERY))
    cfg.val_dataloader.dataset = {
        **cfg.train_dataloader.dataset,
        'pipeline': cfg.val_dataloader.dataset.pipeline,
        'indices': held_out,
        'test_mode': True,
    }
    cfg.train_dataloader.dataset.indices = sorted(set(range(count)) - set(held_out))


if __name__ == '__main__':
    cli.run(main)
