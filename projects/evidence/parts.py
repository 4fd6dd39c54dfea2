"""Where a segmentor gains: the pixels inside of regions, those at boundaries, and classes of thin objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from intervals import Difference, compare, mean_and_spread, resample, show_difference
from methods import ABLATIONS, METHODS, SYSTEMS, method_of
from results import Result, pairs_of, predictions_path
from scoring import Score, load_score
from sets import SETS

INTERIOR, BOUNDARY = 0, 1
#: What differences are taken from.
BASELINE = 'l2t'


def parts_table(results: Sequence[Result]) -> str:
    """Mean IoU of parts, a table a budget, a row a method; nothing for other tasks or without files of predictions.

    Args:
        results: Of one set and scale.
    """
    runs = [r for r in results if r.method != 'h2t' and predictions_path(r.path).is_file()]
    if results[0].task != 'segmentation':
        return ''
    budgets = sorted({run.budget for run in runs if run.method == BASELINE})
    return '\n'.join(_table([run for run in runs if run.budget == budget]) for budget in budgets)


def _table(runs: Sequence[Result]) -> str:
    """That of the runs of one budget."""
    first = runs[0]
    columns = columns_of(first.dataset)
    lines = [
        f'Parts of {first.dataset} x{first.scale} at {first.budget}x, mIoU and its difference from L→T as above.',
        '',
        f'| | {" | ".join(columns)} |',
        '|---|' + '---|' * len(columns),
    ]
    for method in (*METHODS, *ABLATIONS, *SYSTEMS):
        if any(run.method == method for run in runs):
            cells = [part_cell(runs, method, **options) for options in columns.values()]
            lines.append(f'| {method_of(method).label} | {" | ".join(cells)} |')
    return '\n'.join([*lines, ''])


def columns_of(data: str) -> dict[str, Mapping[str, object]]:
    """Heading -> options of :class:`scoring.MeanIoU`."""
    columns = {'interior': dict(part=INTERIOR), 'within 2 px of a boundary': dict(part=BOUNDARY)}
    if SETS[data].thin:
        columns['thin classes'] = dict(classes=SETS[data].thin)
    return columns


def part_cell(
    runs: Sequence[Result],
    method: str,
    part: int | None = None,
    classes: tuple[int, ...] | None = None,
) -> str:
    """Mean and spread of one part, and its difference from the baseline."""
    own = [predictions_path(run.path) for run in runs if run.method == method]
    metric = runs[0].metric
    text = mean_and_spread([value(path, part, classes) for path in own], metric)
    pairs = [
        (predictions_path(run.path), predictions_path(base.path))
        for run, base in pairs_of(runs, method, BASELINE)
    ]
    if method == BASELINE or not pairs:
        return text
    return f'{text}; {show_difference(difference(pairs, part, classes), metric)}'


def difference(
    pairs: Sequence[tuple[Path, Path]], part: int | None, classes: tuple[int, ...] | None
) -> Difference:
    """Of two methods' files of predictions, seed by seed."""
    values = [(value(a, part, classes), value(b, part, classes)) for a, b in pairs]
    draws = [(drawn(a, part, classes), drawn(b, part, classes)) for a, b in pairs]
    return compare(values, draws)


def value(path: Path, part: int | None, classes: tuple[int, ...] | None) -> float:
    """Mean IoU of a part on all test images."""
    score = load(path, part, classes)
    return score(np.ones(score.count))


@cache
def drawn(path: Path, part: int | None, classes: tuple[int, ...] | None) -> np.ndarray:
    """The same on draws of test images."""
    return resample(load(path, part, classes))


@cache
def load(path: Path, part: int | None, classes: tuple[int, ...] | None) -> Score:
    """The metric of a part, from a file of predictions."""
    return load_score(path, 'segmentation', part=part, classes=classes)
