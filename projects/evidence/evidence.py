"""Run the evidence ladder: every method on every data set, several seeds, then the tables of docs/results.md.

    python projects/evidence/evidence.py                                    # everything, two trainings at a time
    python projects/evidence/evidence.py --sets playing-cards --methods l2t sr4ir --seeds 0
    python projects/evidence/evidence.py --tables-only
    python projects/evidence/evidence.py --held-out --sets clothing --seeds 0   # for choices: no test image is read

A run that has its file in docs/results/ is finished and is not done again; an interrupted training is resumed. Tables
and curves are made from those files alone. With ``--held-out`` every fourth training image takes the place of the test
images, and nothing is written but the trainings.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from results import METHODS, Result, read_result, read_results, write_report

from sr4ir_mm.apis.runs import Plan, Training, minutes, run_all, train, validations
from sr4ir_mm.utils import cli

CONFIGS = Path('projects/evidence/configs')
WORK = Path('work_dirs/evidence')
HELD_OUT_WORK = Path('work_dirs/evidence_held-out')
HELD_OUT_EVERY = 4
TRAINING_CODE = ('sr4ir_mm', 'configs', 'projects/evidence/configs', 'tools/train.py')
RESULTS = Path('docs/results')
REPORT = Path('docs/results.md')


@dataclass(frozen=True)
class DataSet:
    """A data set of the ladder.

    Attributes:
        task: detection, segmentation or classification.
        metric: The task's.
        scales: Between LR and HR images.
        sr_nets: Scale -> images of the SR network that methods start from, where they are not those of all sets.
        hr_first: Whether all methods start from a task network that is trained on the HR images.
        backbone: Whether that network's backbone first learns to classify the HR objects.
    """

    task: str
    metric: str
    scales: tuple[int, ...]
    sr_nets: Mapping[int, str] = field(default_factory=dict)
    hr_first: bool = True
    backbone: bool = False


ALL_IMAGES = 'all'
SETS = {
    'playing-cards': DataSet(
        'detection', 'coco/bbox_mAP', (4, 8), {8: 'playing-cards'}, backbone=True
    ),
    'camvid': DataSet('segmentation', 'mIoU', (8,)),
    'sign-digits': DataSet('classification', 'accuracy/top1', (8,)),
    'sign-digits-scratch': DataSet('classification', 'accuracy/top1', (8,), hr_first=False),
    'clothing': DataSet('classification', 'accuracy/top1', (8,)),
    'scenes-det': DataSet('detection', 'coco/bbox_mAP', (4,), {4: 'scenes'}),
}
SR_NET, TASK_NET, BACKBONE = INITIAL = ('init_sr-net', 'init_task-net', 'init_backbone')
#: The initial networks are trained once and shared by all seeds, as ImageNet and DIV2K weights are in the paper.
INIT_SEED = 0
WITHOUT_SR = ('h2t', 'l2t')


@dataclass(frozen=True)
class Run:
    """One training of the ladder.

    Attributes:
        method: A rung or one of the initial networks.
        data: The images: a key of :data:`SETS`, or what an SR network is named after.
        scale: Between LR and HR images; None where only HR images are seen.
        seed: Of the run.
    """

    method: str
    data: str
    scale: int | None
    seed: int

    def training(self, held_out: bool = False) -> Training:
        """How it is trained, and from what."""
        held_out = held_out and self.method != SR_NET  # it reads no label and serves both
        work = HELD_OUT_WORK if held_out else WORK
        config = CONFIGS / f'{self.name}.py'
        folder = work / self.name / f'seed_{self.seed}'
        init = {net: run.training(held_out).work_dir for net, run in self.sources().items()}
        return Training(folder / config.name if held_out else config, folder, self.seed, init)

    @property
    def name(self) -> str:
        """Of its config."""
        scale = '' if self.scale is None else f'_x{self.scale}'
        return f'{self.method}{scale}_{self.data}'

    def sources(self) -> dict[str, Run]:
        """Network -> the run that it starts from."""
        if self.method == SR_NET and self.data != ALL_IMAGES:
            return {'sr_net': Run(SR_NET, ALL_IMAGES, self.scale, INIT_SEED)}
        if self.method == TASK_NET and SETS[self.data].backbone:
            return {'task_net': Run(BACKBONE, self.data, None, INIT_SEED)}
        if self.method in INITIAL:
            return {}
        sources = {}
        if self.method == 't2s':
            sources['task_net'] = Run('h2t', self.data, None, self.seed)
        elif SETS[self.data].hr_first:
            sources['task_net'] = Run(TASK_NET, self.data, None, INIT_SEED)
        if self.method not in WITHOUT_SR:
            images = SETS[self.data].sr_nets.get(self.scale, ALL_IMAGES)
            sources['sr_net'] = Run(SR_NET, images, self.scale, INIT_SEED)
        return sources

    def result_paths(self) -> dict[int, Path]:
        """Scale -> where its result goes; on HR images it is the same one for all scales."""
        scales = SETS[self.data].scales if self.scale is None else (self.scale,)
        return {
            scale: RESULTS / f'{self.data}_x{scale}_{self.method}_seed{self.seed}.json'
            for scale in scales
        }


def main() -> None:
    """Run what is missing, then write the tables."""
    args = parse_args()
    # The networks are so narrow that threads cost more than they bring.
    os.environ.setdefault('OMP_NUM_THREADS', '1')
    os.environ.setdefault('MKL_NUM_THREADS', '1')
    if not args.tables_only:
        wanted = rungs(args.sets, args.methods, args.seeds)
        if not args.held_out:
            wanted = [run for run in wanted if not is_finished(run)]
        run_all(wanted, plan(args.held_out), args.jobs)
    if not args.held_out:
        write_report(read_results(RESULTS), REPORT)
        print(f'Tables: {REPORT}')


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Run the evidence ladder')
    parser.add_argument('--sets', nargs='+', choices=list(SETS), default=list(SETS))
    parser.add_argument('--methods', nargs='+', choices=list(METHODS), default=list(METHODS))
    parser.add_argument('--seeds', nargs='+', type=int, default=[0, 1, 2])
    parser.add_argument('--jobs', type=int, default=2, help='trainings at a time')
    parser.add_argument(
        '--held-out', action='store_true', help='test on a fourth of the training images'
    )
    parser.add_argument('--tables-only', action='store_true', help='only write the tables')
    return parser.parse_args()


def rungs(
    sets: Iterable[str] = SETS, methods: Iterable[str] = METHODS, seeds: Iterable[int] = (0,)
) -> list[Run]:
    """Every method of every set at every scale, seed by seed."""
    runs = [
        Run(method, data, None if method == 'h2t' else scale, seed)
        for seed in seeds
        for data in sets
        for method in methods
        for scale in SETS[data].scales
    ]
    return list(dict.fromkeys(runs))


def is_finished(run: Run) -> bool:
    """Whether all its results are there."""
    return all(path.is_file() for path in run.result_paths().values())


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
    if held_out and run.method != SR_NET:
        write_held_out_config(run, training.config)
    commit = git_commit()
    train(training)
    if run.method in INITIAL:
        return f'{minutes(training):.1f} minutes'
    # Written results are of test images, which a held-out run must not tell.
    result = (collect if held_out else write_results)(run, training, commit)
    return f'{result.metric} {result.value:.4f}, psnr {result.psnr}, {result.minutes} minutes'


def write_results(run: Run, training: Training, commit: str) -> Result:
    """Write a finished training's result for each scale; one written already keeps its commit and machine."""
    paths = run.result_paths()
    written = [read_result(path) for path in paths.values() if path.is_file()]
    result = written[0] if written else collect(run, training, commit)
    for scale, path in paths.items():
        replace(result, scale=scale).write(path)
    return result


def collect(run: Run, training: Training, commit: str) -> Result:
    """The result of a finished training: its last validation."""
    data = SETS[run.data]
    values = validations(training, [data.metric, 'sr/psnr', 'sr/ssim'])
    last = values[max(values)]
    return Result(
        task=data.task,
        dataset=run.data,
        scale=run.scale or data.scales[0],
        method=run.method,
        seed=run.seed,
        metric=data.metric,
        value=last[data.metric],
        psnr=finite(last['sr/psnr']),
        ssim=finite(last['sr/ssim']),
        commit=commit,
        command=training.command(),
        minutes=round(minutes(training), 2),
        device=device(),
        curve={str(epoch): value[data.metric] for epoch, value in sorted(values.items())},
    )


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
    """A run's config with every fourth training image in place of the test images."""
    from mmengine.registry import DATASETS, DefaultScope

    cfg = cli.load_config(str(CONFIGS / f'{run.name}.py'))
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        count = len(DATASETS.build(cfg.train_dataloader.dataset))
    held_out = list(range(0, count, HELD_OUT_EVERY))
    cfg.val_dataloader.dataset = {
        **cfg.train_dataloader.dataset,
        'pipeline': cfg.val_dataloader.dataset.pipeline,
        'indices': held_out,
        'test_mode': True,
    }
    cfg.test_dataloader = cfg.val_dataloader
    cfg.train_dataloader.dataset.indices = sorted(set(range(count)) - set(held_out))
    path.parent.mkdir(parents=True, exist_ok=True)
    cfg.dump(str(path))


if __name__ == '__main__':
    cli.run(main)
