"""Watch a long training for what grows: resident memory, open files, threads.

    python tools/analysis_tools/soak.py configs/sr4ir/resnet18-tiny_subpixel-tiny_x8_signs.py --iterations 2000 \
        --interval 200 --out work_dirs/soak

Trains by iterations, with an evaluation and a checkpoint every so many, samples after each tenth iteration, writes
``samples.json`` and ``soak.png``, and tells how much each figure grew from the second quarter of the run to the last.
"""

from __future__ import annotations

import argparse
import json
import os
import threading
import warnings
from pathlib import Path
from statistics import mean

from sr4ir_mm.utils import cli

EVERY = 10
#: Figure -> how it is shown.
FIGURES = {'resident_mib': 'resident memory, MiB', 'open_files': 'open files', 'threads': 'threads'}


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Watch a long training for what grows')
    parser.add_argument('config', help='config file')
    parser.add_argument('--iterations', type=int, default=2000)
    parser.add_argument(
        '--interval', type=int, default=200, help='iterations between evaluations, and checkpoints'
    )
    parser.add_argument('--out', type=Path, default=Path('work_dirs/soak'))
    return parser.parse_args()


def sample() -> dict[str, float]:
    """What this process holds now (Linux)."""
    pages = int(Path('/proc/self/statm').read_text().split()[1])
    return dict(
        resident_mib=pages * os.sysconf('SC_PAGE_SIZE') / 2**20,
        open_files=len(os.listdir('/proc/self/fd')),
        threads=threading.active_count(),
    )


def growth(samples: list[dict[str, float]]) -> dict[str, float]:
    """Figure -> mean of the last quarter of the samples less that of the second; the first holds what is built once."""
    quarter = len(samples) // 4
    second, last = samples[quarter : 2 * quarter], samples[-quarter:]
    return {name: mean(s[name] for s in last) - mean(s[name] for s in second) for name in FIGURES}


def train(config: str, iterations: int, interval: int, out: Path) -> list[dict[str, float]]:
    """Train and sample."""
    from mmengine.hooks import Hook

    cfg = cli.load_config(config, None)
    cfg.work_dir = str(out / 'run')
    cfg.train_cfg = dict(type='sr4ir_mm.IterLoop', max_iters=iterations, val_interval=interval)
    cfg.default_hooks.checkpoint.update(by_epoch=False, interval=interval, max_keep_ckpts=2)
    cfg.log_processor = dict(by_epoch=False)
    for scheduler in (s for own in cfg.param_scheduler.values() for s in own):
        scheduler.update(by_epoch=False, end=scheduler.get('end', iterations))
        scheduler.pop('convert_to_iter_based', None)
    samples: list[dict[str, float]] = []

    class Watch(Hook):
        """Samples."""

        priority = 'LOWEST'

        def after_train_iter(
            self, runner: object, batch_idx: int, *unused: object, **kw: object
        ) -> None:
            if (runner.iter + 1) % EVERY == 0:
                samples.append(dict(iteration=runner.iter + 1, **sample()))

    runner = cli.build_runner(cfg)
    runner.register_hook(Watch())
    runner.train()
    return samples


def draw(samples: list[dict[str, float]], path: Path) -> None:
    """Each figure over the iterations."""
    import matplotlib

    matplotlib.use('Agg')
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(FIGURES), figsize=(12, 3), constrained_layout=True)
    for axis, (name, label) in zip(axes, FIGURES.items(), strict=True):
        axis.plot([s['iteration'] for s in samples], [s[name] for s in samples])
        axis.set(xlabel='iteration', title=label, ylim=(0, None))
    figure.savefig(path, dpi=80)


def main() -> None:
    """Train, write, draw, tell."""
    args = parse_args()
    warnings.filterwarnings('ignore')
    args.out.mkdir(parents=True, exist_ok=True)
    samples = train(args.config, args.iterations, args.interval, args.out)
    (args.out / 'samples.json').write_text(json.dumps(samples))
    draw(samples, args.out / 'soak.png')
    for name, value in growth(samples).items():
        print(
            f'{FIGURES[name]}: {samples[-1][name]:.1f} at the end, {value:+.1f} from the second quarter on'
        )


if __name__ == '__main__':
    cli.run(main)
