"""The tables and curves of the evidence ladder, made from its result files alone."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from intervals import (
    Difference,
    compare,
    mean_and_spread,
    resample,
    show_difference,
)
from ladder import BUDGETS
from methods import ABLATIONS, CANDIDATES, METHODS, SYSTEMS, method_of
from parts import parts_table
from results import Result, longest, pairs_of, predictions_path
from scoring import load_score
from sets import SETS

from sr4ir_mm.utils.pages import write_part

#: What the tables compare: the first less the second.
PAIRS = (
    ('s2t', 'l2t'),
    ('s2t-more', 's2t'),
    ('t2s', 'l2t'),
    ('swt', 'l2t'),
    ('swt', 's2t'),
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
    ('s2t-wide', 'l2t'),
    ('s2t-wide', 's2t'),
    ('s2t-sub-pixel', 'l2t'),
    ('s2t-sub-pixel', 's2t'),
    ('s2t-sub-pixel', 'sr4ir'),
    ('swt-sub-pixel', 'l2t'),
    ('swt-sub-pixel', 's2t-sub-pixel'),
    ('sr4ir-sub-pixel', 'l2t'),
    ('sr4ir-sub-pixel', 's2t-sub-pixel'),
    ('sr4ir-sub-pixel', 'swt-sub-pixel'),
    ('sr4ir-sub-pixel', 'sr4ir'),
    ('sr4ir-lite-sub-pixel', 'l2t'),
    ('sr4ir-lite-sub-pixel', 's2t-sub-pixel'),
    ('sr4ir-lite-sub-pixel', 'sr4ir-lite'),
    ('sr4ir-plus-sub-pixel', 'l2t'),
    ('sr4ir-plus-sub-pixel', 's2t-sub-pixel'),
    ('sr4ir-plus-sub-pixel', 'sr4ir'),
    ('sr4ir-plus', 'l2t'),
    ('sr4ir-plus', 's2t'),
    ('sr4ir-plus', 'sr4ir'),
    ('l1-alone', 'bicubic'),
    ('fdsr', 'bicubic'),
    ('fdsr', 'l1-alone'),
    ('fdsr', 'swt'),
    ('sr4ir', 'tdsr'),
    ('sr4ir', 'sod-mtgan'),
    ('sod-mtgan', 'tdsr'),
    ('shared-decoder', 'shared-decoder-alone'),
)
ALL_PAIRS = (*PAIRS, *(('sr4ir', ablation) for ablation in ABLATIONS))
#: What is compared with SR4IR at equal updates.
UPDATES = ('s2t-sub-pixel', 'sr4ir-lite-sub-pixel', 'sr4ir-plus', 'sr4ir-plus-sub-pixel')
#: Of panels in a row of the curves.
_COLUMNS = 3
_COLOURS = {
    'l2t': 'tab:blue',
    's2t': 'tab:cyan',
    's2t-wide': 'tab:pink',
    's2t-more': 'tab:purple',
    't2s': 'tab:olive',
    'swt': 'tab:green',
    'sr4ir': 'tab:red',
    'sr4ir-lite': 'tab:orange',
    'sr4ir-plus': 'tab:brown',
    's2t-sub-pixel': 'black',
    'sr4ir-lite-sub-pixel': 'magenta',
}


def write_report(results: Sequence[Result], report: Path, held_out: Sequence[Result] = ()) -> None:
    """Rewrite the tables of a report, see :func:`write_part`, and the picture of the curves beside it."""
    write_part(report, 'results', f'\n{tables(results)}', title='Results')
    if held_out:
        write_part(report, 'held-out', f'\n{held_out_tables(held_out)}', title='Held-out images')
    if any(result.method in _COLOURS for result in results):
        draw_curves(results, report.parent / 'images' / 'results_curves.png')


def tables(results: Sequence[Result]) -> str:
    """For each set a table of metrics by budget, one of paired differences, and of segmentors one of parts."""
    groups = [g for g in by_set(results) if any(result.method != 'h2t' for result in g)]
    parts = (
        part(group)
        for group in groups
        for part in (set_table, pair_table, updates_table, parts_table)
    )
    return '\n'.join(part for part in parts if part)


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
            cells.append(pictures_cell(longest(runs)))
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
    for pair in ALL_PAIRS:
        cells = [pair_cell([r for r in results if r.budget == b], *pair) for b in budgets]
        if any(cell != '–' for cell in cells):
            labels = (method_of(name).label for name in pair)
            lines.append(f'| {" − ".join(labels)} | {" | ".join(cells)} |')
    return '\n'.join([*head, *lines, '']) if lines else ''


def updates_table(results: Sequence[Result]) -> str:
    """SR4IR's longest runs against those of others that make no more updates; nothing where there are none."""
    rival = longest(r for r in results if r.method == 'sr4ir')
    if not rival:
        return ''
    limit = rival[0]
    shorter = [r for r in results if r.budget < limit.budget and r.epochs <= limit.epochs]
    lines = [
        f'| {method_of(method).label} at {runs[0].budget}x − SR4IR at {limit.budget}x | '
        f'{runs[0].epochs} and {limit.epochs} | {pair_cell([*runs, *rival], method, "sr4ir")} |'
        for method in UPDATES
        if (runs := longest(r for r in shorter if r.method == method))
    ]
    head = [
        'At equal updates or fewer, in less time: epochs of both, and the difference as above.',
        '',
        '| | epochs | |',
        '|---|---|---|',
    ]
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
    for method in (*METHODS, *SYSTEMS, *CANDIDATES):
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
    pairs = pairs_of(results, better, worse)
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


def draw_curves(results: Sequence[Result], path: Path) -> None:
    """Metric over the budget, mean over the seeds with the range between lowest and highest.

    A panel a set; none for a set with one budget, unless all have no more.
    """
    import matplotlib

    matplotlib.use('Agg')
    from matplotlib import pyplot

    groups = by_set([result for result in results if result.method in _COLOURS])
    groups = [g for g in groups if len({r.budget for r in g}) > 1] or groups
    columns = min(len(groups), _COLUMNS)
    rows = -(-len(groups) // columns)
    size = (4.2 * columns, 3.6 * rows)
    figure, axes = pyplot.subplots(rows, columns, figsize=size, squeeze=False)
    for axis in axes.flat[len(groups) :]:
        axis.set_visible(False)
    for axis, group in zip(axes.flat, groups, strict=False):
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
            handles,
            labels,
            loc='lower center',
            ncol=-(-len(labels) // 2),
            frameon=False,
            fontsize=8,
        )
    figure.tight_layout(rect=(0, 0.15 / rows, 1, 1))
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
