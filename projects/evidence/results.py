"""Results of the evidence ladder: one JSON file a run, and the tables and curves made from them."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path

import numpy as np
from intervals import Difference, compare, resample
from ladder import (
    ABLATIONS,
    BUDGETS,
    CANDIDATES,
    HELD_OUT_RESULTS,
    METHODS,
    RESULTS,
    SETS,
    SYSTEMS,
    method_of,
)
from scoring import load_score

from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.pages import write_part

#: What the tables compare: the first less the second.
PAIRS = (
    ('s2t', 'l2t'),
    ('sr4ir', 'l2t'),
    ('sr4ir', 's2t'),
    ('sr4ir', 's2t-more'),
    ('sr4ir', 'swt'),
    ('sr4ir-lite', 'l2t'),
    ('sr4ir-lite', 's2t'),
    ('sr4ir-lite', 'swt'),
    ('sr4ir-lite', 'sr4ir'),
    ('l2t-hr', 'l2t'),
    ('sr4ir-lite', 'l2t-hr'),
    ('sr4ir-plus', 'l2t'),
    ('sr4ir-plus', 's2t'),
    ('sr4ir-plus', 'sr4ir'),
    ('l1-alone', 'bicubic'),
    ('fdsr', 'bicubic'),
    ('fdsr', 'l1-alone'),
    ('sr4ir', 'tdsr'),
    ('sr4ir', 'sod-mtgan'),
    ('sod-mtgan', 'tdsr'),
    ('shared-decoder', 'shared-decoder-alone'),
)
_COLOURS = {
    'l2t': 'tab:blue',
    's2t': 'tab:cyan',
    's2t-more': 'tab:purple',
    't2s': 'tab:olive',
    'swt': 'tab:green',
    'sr4ir': 'tab:red',
    'sr4ir-lite': 'tab:orange',
    'sr4ir-plus': 'tab:brown',
}


@dataclass(frozen=True)
class Result:
    """One finished run.

    Attributes:
        task: detection, segmentation or classification.
        dataset: Name of the data set.
        scale: Between LR and HR images.
        method: A rung of the ladder.
        seed: Of the run and of its initial networks.
        budget: Its minutes, as a multiple of L->T's shortest.
        epochs: That the budget bought.
        metric: Name of the task's metric.
        value: That metric after the last epoch, on the test images.
        psnr: dB, mean over the test images; None for HR images.
        ssim: Mean over the test images.
        fsim: Mean over the test images, where it is measured.
        commit: Of the code that the training began with.
        command: What repeats the run.
        minutes: On the clock of a busy machine, with start and validation; budgets count iterations instead.
        device: What it ran on.
        held_out: Whether held-out training images took the test images' place.
    """

    task: str
    dataset: str
    scale: int
    method: str
    seed: int
    budget: int
    epochs: int
    metric: str
    value: float
    psnr: float | None
    ssim: float | None
    commit: str
    command: str
    minutes: float
    device: str
    held_out: bool = False
    fsim: float | None = None

    @property
    def path(self) -> Path:
        """Its file."""
        name = f'{self.dataset}_x{self.scale}_{self.method}_b{self.budget}_seed{self.seed}.json'
        return (HELD_OUT_RESULTS if self.held_out else RESULTS) / name

    def write(self, path: Path) -> None:
        """Write the file whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix('.part')
        part.write_text(json.dumps(asdict(self), indent=1, allow_nan=False) + '\n')
        part.replace(path)


def predictions_path(result: Path) -> Path:
    """Where the predictions of a result lie, given the result's own file."""
    return result.parent / 'predictions' / result.with_suffix('.npz').name


def read_results(folder: Path) -> list[Result]:
    """All results of a folder.

    Raises:
        UserError: A file is no result; names it.
    """
    return [read_result(path) for path in sorted(folder.glob('*.json'))]


def read_result(path: Path) -> Result:
    """One result.

    Raises:
        UserError: The file is no result; names it.
    """
    try:
        result = Result(**json.loads(path.read_text()))
    except (ValueError, TypeError) as error:
        raise UserError(
            f'{path} is no result ({error}); expected the fields {[f.name for f in fields(Result)]}.'
        ) from error
    if result.dataset not in SETS:
        raise UserError(f'{path} has dataset={result.dataset!r}; expected one of {list(SETS)}.')
    return result


def write_report(results: Sequence[Result], report: Path, held_out: Sequence[Result] = ()) -> None:
    """Rewrite the tables of a report, see :func:`write_part`, and the picture of the curves beside it."""
    write_part(report, 'results', f'\n{tables(results)}', title='Results')
    if held_out:
        write_part(report, 'held-out', f'\n{held_out_tables(held_out)}', title='Held-out images')
    if any(result.method in _COLOURS for result in results):
        draw_curves(results, report.parent / 'images' / 'results_curves.png')


def tables(results: Sequence[Result]) -> str:
    """For each set a table of metrics by budget and one of paired differences."""
    groups = [g for g in by_set(results) if any(result.method != 'h2t' for result in g)]
    return '\n'.join(part for group in groups for part in (set_table(group), pair_table(group)))


def by_set(results: Sequence[Result]) -> list[list[Result]]:
    """The results of each data set and scale, in the ladder's order."""
    groups: dict[tuple[str, int], list[Result]] = {}
    for result in results:
        groups.setdefault((result.dataset, result.scale), []).append(result)
    order = {(data, scale): None for data in SETS for scale in SETS[data].scales}
    return [groups[key] for key in order if key in groups]


def set_table(results: Sequence[Result]) -> str:
    """Mean and sample standard deviation over the seeds, a row a method, a column a budget."""
    first = results[0]
    budgets = sorted({r.budget for r in results if r.method != 'h2t'}) or [first.budget]
    upper = [r.value for r in results if r.method == 'h2t']
    lines = [
        f'### {first.dataset}, {first.task}, x{first.scale}',
        '',
        f'{first.metric} at 1, 2, ... times the minutes of the shortest L→T run; in brackets epochs and seeds.'
        + (f' On HR images: {mean_and_spread(upper, first.metric)}.' if upper else ''),
        '',
        f'| | {" | ".join(f"{b}x" for b in budgets)} | PSNR, SSIM, FSIM at the last |',
        '|---|' + '---|' * (len(budgets) + 1),
    ]
    for method in (*METHODS, *ABLATIONS, *SYSTEMS):
        runs = [r for r in results if r.method == method and method != 'h2t']
        if runs:
            cells = [budget_cell([r for r in runs if r.budget == b]) for b in budgets]
            last = max(run.budget for run in runs)
            cells.append(pictures_cell([run for run in runs if run.budget == last]))
            lines.append(f'| {method_of(method).label} | {" | ".join(cells)} |')
    return '\n'.join([*lines, ''])


def budget_cell(runs: Sequence[Result]) -> str:
    """One method at one budget."""
    if not runs:
        return '–'
    values = [run.value for run in runs]
    return f'{mean_and_spread(values, runs[0].metric)} ({runs[0].epochs}; {len(runs)})'


def pictures_cell(runs: Sequence[Result]) -> str:
    """Means of what was measured of the SR images of one method at one budget: dB, and shares of 1."""
    forms = {'psnr': '.2f', 'ssim': '.3f', 'fsim': '.4f'}
    measured = {
        name: [value for run in runs if (value := getattr(run, name)) is not None] for name in forms
    }
    return ', '.join(f'{statistics.mean(v):{forms[n]}}' for n, v in measured.items() if v) or '–'


def value_format(metric: str) -> str:
    """Metrics in percent get two digits, others three."""
    return '.3f' if metric.startswith('coco/') else '.2f'


def mean_and_spread(values: Sequence[float], metric: str) -> str:
    """'mean ± standard deviation'; only the mean of one value."""
    form = value_format(metric)
    mean = f'{statistics.mean(values):{form}}'
    return mean if len(values) == 1 else f'{mean} ± {statistics.stdev(values):{form}}'


def pair_table(results: Sequence[Result]) -> str:
    """Differences of two methods at each budget, paired by seed; nothing where no two can be compared."""
    budgets = [b for b in BUDGETS if any(r.budget == b and r.method != 'h2t' for r in results)]
    head = [
        f'Differences on {results[0].dataset} x{results[0].scale}: mean over the seeds, ± 95 % over seeds, '
        '[95 % over test images], bold where both leave 0 out.',
        '',
        f'| | {" | ".join(f"{b}x" for b in budgets)} |',
        '|---|' + '---|' * len(budgets),
    ]
    lines = []
    for pair in (*PAIRS, *(('sr4ir', ablation) for ablation in ABLATIONS)):
        cells = [pair_cell([r for r in results if r.budget == b], *pair) for b in budgets]
        if any(cell != '–' for cell in cells):
            labels = (method_of(name).label for name in pair)
            lines.append(f'| {" − ".join(labels)} | {" | ".join(cells)} |')
    return '\n'.join([*head, *lines, '']) if lines else ''


def held_out_tables(results: Sequence[Result]) -> str:
    """What was tried on held-out images, a table a set and budget, each less S->T."""
    parts = []
    for group in by_set(results):
        for budget in sorted({r.budget for r in group if r.method != 'h2t'}):
            runs = [r for r in group if r.budget == budget and r.method != 'h2t']
            parts.append(_held_out_table(runs, f'{group[0].dataset} x{group[0].scale}, {budget}x'))
    return '\n'.join(parts)


def _held_out_table(runs: Sequence[Result], title: str) -> str:
    lines = [
        f'### {title}',
        '',
        f'| | {runs[0].metric} | epochs | PSNR | less S→T [95 % over images] |',
        '|---|---|---|---|---|',
    ]
    for method in (*METHODS, *CANDIDATES):
        own = [run for run in runs if run.method == method]
        if own:
            psnr = [run.psnr for run in own if run.psnr is not None]
            cells = (
                mean_and_spread([run.value for run in own], own[0].metric),
                str(own[0].epochs),
                f'{statistics.mean(psnr):.2f}' if psnr else '–',
                '–' if method == 's2t' else pair_cell(runs, method, 's2t'),
            )
            lines.append(f'| {method_of(method).label} | {" | ".join(cells)} |')
    return '\n'.join([*lines, ''])


def pair_cell(results: Iterable[Result], better: str, worse: str) -> str:
    """One difference."""
    difference = difference_of(results, better, worse)
    if difference is None:
        return '–'
    metric = next(iter(results)).metric
    return show_difference(difference, metric)


def difference_of(results: Iterable[Result], better: str, worse: str) -> Difference | None:
    """Of two methods at one budget, over the seeds that both have; None if there are none."""
    found = {(r.method, r.seed): r for r in results}
    pairs = [
        (first, found[worse, seed])
        for (method, seed), first in sorted(found.items())
        if method == better and (worse, seed) in found
    ]
    if not pairs:
        return None
    resampled = [(resampled_of(a), resampled_of(b)) for a, b in pairs]
    complete = all(one is not None for pair in resampled for one in pair)
    return compare([(a.value, b.value) for a, b in pairs], resampled if complete else None)


def resampled_of(result: Result) -> np.ndarray | None:
    """The result's metric on draws of test images; None without its predictions."""
    path = predictions_path(result.path)
    return _resampled(path, result.task) if path.is_file() else None


@cache
def _resampled(path: Path, task: str) -> np.ndarray:
    return resample(load_score(path, task))


def show_difference(difference: Difference, metric: str) -> str:
    """'+1.2 ± 0.5 [0.3, 2.1]', bold where both intervals leave 0 out."""
    form = value_format(metric)
    text = f'{difference.mean:+{form}}'
    if difference.over_seeds is not None:
        text += f' ± {difference.over_seeds:{form}}'
    if difference.over_images is not None:
        text += ' [{0:{form}}, {1:{form}}]'.format(*difference.over_images, form=form)
    return f'**{text}**' if difference.sure else text


def draw_curves(results: Sequence[Result], path: Path) -> None:
    """Metric over the budget, mean over the seeds with the range between lowest and highest, a panel a set."""
    import matplotlib

    matplotlib.use('Agg')
    from matplotlib import pyplot

    groups = by_set([result for result in results if result.method in _COLOURS])
    figure, axes = pyplot.subplots(1, len(groups), figsize=(3.9 * len(groups), 3.6), squeeze=False)
    for axis, group in zip(axes.flat, groups, strict=True):
        axis.set_title(f'{group[0].dataset} x{group[0].scale}', fontsize=10)
        axis.set_xlabel("minutes, in L→T's shortest run")
        axis.set_ylabel(group[0].metric)
        axis.set_xscale('log', base=2)
        axis.set_xticks(BUDGETS, [f'{b}x' for b in BUDGETS])
        for method, colour in _COLOURS.items():
            _draw_method(axis, [r for r in group if r.method == method], method, colour)
    handles, labels = max(
        (a.get_legend_handles_labels() for a in axes.flat), key=lambda h: len(h[0])
    )
    if labels:
        figure.legend(
            handles, labels, loc='lower center', ncol=len(labels), frameon=False, fontsize=8
        )
    figure.tight_layout(rect=(0, 0.09, 1, 1))
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=90)
    pyplot.close(figure)


def _draw_method(axis: object, runs: Sequence[Result], method: str, colour: str) -> None:
    budgets = sorted({run.budget for run in runs})
    if not budgets:
        return
    values = [[run.value for run in runs if run.budget == budget] for budget in budgets]
    means = [statistics.mean(v) for v in values]
    axis.plot(budgets, means, label=method_of(method).label, color=colour, marker='.')
    low, high = [min(v) for v in values], [max(v) for v in values]
    axis.fill_between(budgets, low, high, color=colour, alpha=0.12)
