"""The ladders on one page: the means of the main methods at one budget, for the README."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from pathlib import Path

from intervals import value_format
from ladder import MAP, MIOU, SETS, TOP1, method_of
from report import by_set, difference_of
from results import Result

from sr4ir_mm.utils.pages import write_part

BUDGET = 2
RIVAL = 'l2t'
COLUMNS = (
    RIVAL,
    's2t',
    'swt',
    'sr4ir',
    'sr4ir-lite',
    'sr4ir-plus',
    's2t-sub-pixel',
    'sr4ir-lite-sub-pixel',
)
_UNITS = {TOP1: 'top-1 %', MIOU: 'mIoU', MAP: 'mAP'}


def write_summary(results: Sequence[Result], page: Path) -> None:
    """Rewrite the table of a page, see :func:`write_part`."""
    write_part(page, 'evidence', f'\n{summary_table(results)}', title='Evidence')


def summary_table(results: Sequence[Result]) -> str:
    """A row a ladder, a column a method; in bold what is above L->T by more than both of its 95 % intervals."""
    runs = [r for r in results if r.budget == BUDGET and r.method in COLUMNS]
    labels = ' | '.join(method_of(method).label for method in COLUMNS)
    rows = [_row(group) for group in by_set(runs)]
    return '\n'.join([f'| | {labels} |', f'|{"---|" * (len(COLUMNS) + 1)}', *rows, ''])


def _row(runs: Sequence[Result]) -> str:
    first = runs[0]
    cells = ' | '.join(_cell(runs, method) for method in COLUMNS)
    return f'| {SETS[first.dataset].title}: x{first.scale}, {_UNITS[first.metric]} | {cells} |'


def _cell(runs: Sequence[Result], method: str) -> str:
    own = [run for run in runs if run.method == method]
    if not own:
        return '–'
    # Tenths of a percent, thousandths of mAP.
    form = '.3f' if value_format(own[0].metric) == '.3f' else '.1f'
    mean = f'{statistics.mean(run.value for run in own):{form}}'
    difference = difference_of(runs, method, RIVAL)
    return f'**{mean}**' if difference and difference.sure > 0 else mean
