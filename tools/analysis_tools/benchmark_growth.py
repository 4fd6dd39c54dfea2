"""How an iteration's time and memory grow with the batch, the image side, the scale and the threads.

    python tools/analysis_tools/benchmark_growth.py configs/sr4ir/resnet18_edsr_x4_cars.py --batch 1 2 4 --side 64 128 \
        --scale 2 4 8 --threads 1 2 --out work_dirs/growth

One setting changes at a time, the others stay at the first value given for them. Each point is a run of
``benchmark.py`` in a process of its own. Writes ``growth.json`` and ``growth.png`` and prints a table.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from sr4ir_mm.utils import cli
from sr4ir_mm.utils.errors import UserError

BENCHMARK = Path(__file__).with_name('benchmark.py')
AXES = ('batch', 'side', 'scale', 'threads')


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Measure how an iteration grows')
    parser.add_argument('config')
    parser.add_argument('--batch', type=int, nargs='+', default=[2])
    parser.add_argument('--side', type=int, nargs='+', default=[128], help='of square images')
    parser.add_argument('--scale', type=int, nargs='+', default=[4])
    parser.add_argument('--threads', type=int, nargs='+', default=[1])
    parser.add_argument('--iterations', type=int, default=3, help='of each point')
    parser.add_argument('--variant', default='default', help='of benchmark.py')
    parser.add_argument('--out', type=Path, default=Path('work_dirs/growth'))
    return parser.parse_args()


def points(args: argparse.Namespace) -> list[dict[str, int]]:
    """The settings to measure: the first of all axes, and each axis with the others at their first."""
    first = {axis: getattr(args, axis)[0] for axis in AXES}
    others = [{**first, axis: value} for axis in AXES for value in getattr(args, axis)[1:]]
    return [first, *others]


def measure(args: argparse.Namespace, point: dict[str, int]) -> dict[str, float]:
    """Seconds of an iteration and its peak memory in MiB.

    Raises:
        UserError: The benchmark failed; the sentence holds its last line.
    """
    report = args.out / 'point.json'
    options = dict(batch=point['batch'], threads=point['threads'], iterations=args.iterations)
    command = [sys.executable, str(BENCHMARK), args.config, '--compare', args.variant]
    command += [part for name, value in options.items() for part in (f'--{name}', str(value))]
    command += ['--size', str(point['side']), str(point['side']), '--out', str(report)]
    scale = point['scale']
    command += ['--cfg-options', f'model.scale={scale}', f'model.sr_net.upscale_factor={scale}']
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip() or 'nothing said').splitlines()[-1]
        raise UserError(f'benchmark.py failed at {point}: {reason}')
    (figures,) = json.loads(report.read_text())['variants'].values()
    report.unlink()
    return dict(seconds=figures['total'], peak_mb=figures['peak_mb'])


def along(results: list[dict], axis: str) -> list[dict]:
    """The results of one axis in order, the common first point included."""
    first = results[0]
    line = [r for r in results if all(r[a] == first[a] for a in AXES if a != axis)]
    return sorted(line, key=lambda result: result[axis])


def draw(results: list[dict], path: Path) -> None:
    """Seconds above, memory below, a column an axis."""
    import matplotlib

    matplotlib.use('Agg')
    from matplotlib import pyplot

    axes = [axis for axis in AXES if len(along(results, axis)) > 1]
    size = (3 * len(axes), 4.5)
    figure, grid = pyplot.subplots(
        2, len(axes), figsize=size, squeeze=False, constrained_layout=True
    )
    for column, axis in enumerate(axes):
        line = along(results, axis)
        for row, (name, label) in enumerate(dict(seconds='seconds', peak_mb='MiB').items()):
            grid[row][column].plot([r[axis] for r in line], [r[name] for r in line], marker='o')
            grid[row][column].set(xlabel=axis, ylabel=label, ylim=(0, None))
    figure.savefig(path, dpi=80)


def main() -> None:
    """Measure, write, draw, tell."""
    args = parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    results: list[dict] = []
    print(f'| {" | ".join(AXES)} | seconds | peak memory, MiB |\n|{"---|" * (len(AXES) + 2)}')
    for point in points(args):
        result = {**point, **measure(args, point)}
        results.append(result)
        settings = ' | '.join(str(point[axis]) for axis in AXES)
        print(f'| {settings} | {result["seconds"]:.2f} | {result["peak_mb"]:.0f} |', flush=True)
    (args.out / 'growth.json').write_text(json.dumps(results, indent=1) + '\n')
    if len(results) > 1:
        draw(results, args.out / 'growth.png')


if __name__ == '__main__':
    cli.run(main)
