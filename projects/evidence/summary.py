"""The ladders on one page: means for the README, what methods gain and what SR4IR's parts are worth for the report."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from intervals import Difference, value_format
from ladder import BUDGETS
from methods import ABLATIONS, method_of
from report import ALL_PAIRS, by_set, difference_of
from results import Result
from sets import MAP, MIOU, SETS, TOP1

from sr4ir_mm.utils.pages import write_part

BUDGET = 2
RIVAL = 'l2t'
GAINING = (
    's2t',
    'swt',
    'sr4ir',
    'sr4ir-lite',
    'sr4ir-plus',
    's2t-sub-pixel',
    'sr4ir-lite-sub-pixel',
)
COLUMNS = (RIVAL, *GAINING)
_UNITS = {TOP1: 'top-1 %', MIOU: 'mIoU', MAP: 'mAP'}
_PARTS = {
    'sr4ir-no-tdp': 'with TDP − without',
    'sr4ir-no-cqmix': 'with CQMix − without',
    'sr4ir-joint': 'alternate − joint',
}


def write_summaries(results: Sequence[Result], readme: Path, report: Path) -> None:
    """Rewrite the tables of both pages, see :func:`write_part`."""
    write_part(readme, 'evidence', f'\n{summary_table(results)}', title='Evidence')
    write_part(report, 'gains', f'\n{gains_table(results)}', title='Results')
    write_part(report, 'ablations', f'\n{ablation_table(results)}', title='Results')
    write_part(report, 'certainty', f'\n{certainty_list(results)}', title='Results')


def summary_table(results: Sequence[Result]) -> str:
    """A row a ladder, a column a method; in bold what is above L->T by more than both of its 95 % intervals.

    Means over fewer seeds than the row's most, which must not be compared with the others as they are, tell how many.
    """
    runs = [r for r in results if r.budget == BUDGET and r.method in COLUMNS]
    rows = [_row(group) for group in by_set(runs)]
    return _table([*(method_of(method).label for method in COLUMNS), 'seeds'], rows)


def gains_table(results: Sequence[Result]) -> str:
    """Each method less L->T at every budget, bold where both 95 % intervals leave 0 out."""
    budgets = _told_budgets([r for r in results if r.method == RIVAL])
    runs = [r for r in results if r.method in COLUMNS]
    rows = [_gains_row(group, budgets) for group in by_set(runs)]
    head = f'Less L→T at {" / ".join(f"{b}x" for b in budgets)}'
    return _table([method_of(method).label for method in GAINING], rows, head)


def _told_budgets(rivals: Sequence[Result]) -> list[int]:
    """Those of the rival's runs; what one seed alone has run on every ladder is left out where there is more."""
    seeds = Counter((r.budget, r.dataset, r.scale) for r in rivals)
    several = {budget for (budget, *_), count in seeds.items() if count > 1}
    return [b for b in BUDGETS if b in (several or {r.budget for r in rivals})]


def ablation_table(results: Sequence[Result]) -> str:
    """SR4IR less itself without a part, ± 95 % over seeds, bold where both intervals leave 0 out."""
    runs = [r for r in results if r.method in ABLATIONS or r.method == 'sr4ir']
    rows = [
        _ablations_row([r for r in group if r.budget == budget])
        for group in by_set(runs)
        for budget in BUDGETS
        if any(r.budget == budget and r.method in ABLATIONS for r in group)
    ]
    return _table([*_PARTS.values(), 'seeds'], rows)


def certainty_list(results: Sequence[Result]) -> str:
    """How many differences of the report are bold, and which of them are not beyond both errors at once."""
    found = [
        (f'{SETS[group[0].dataset].title} x{group[0].scale}, {budget}x', pair, difference)
        for group in by_set(results)
        for budget in BUDGETS
        for pair in ALL_PAIRS
        if (difference := difference_of([r for r in group if r.budget == budget], *pair))
    ]
    bold = [one for one in found if one[2].sure]
    apart: dict[str, list[str]] = {}
    for ladder, pair, difference in bold:
        if not difference.sure_together:
            apart.setdefault(ladder, []).append(' − '.join(method_of(m).label for m in pair))
    unsure = sum(len(pairs) for pairs in apart.values())
    lines = [
        f'{len(found)} differences are in the tables by budget, {len(bold)} of them bold; {unsure} of these are not '
        f'beyond the root of the sum of the squares of both errors{":" if unsure else "."}',
        '',
        *(f'- {ladder}: {"; ".join(pairs)}' for ladder, pairs in apart.items()),
    ]
    return '\n'.join([*lines, ''])


def _table(columns: Sequence[str], rows: Sequence[str], head: str = '') -> str:
    first = f'| {head} |' if head else '| |'
    return '\n'.join(
        [f'{first} {" | ".join(columns)} |', f'|{"---|" * (len(columns) + 1)}', *rows, '']
    )


def _ladder(run: Result) -> str:
    return f'{SETS[run.dataset].title}: x{run.scale}, {_UNITS[run.metric]}'


def _form(run: Result) -> str:
    """Tenths of a percent, thousandths of mAP."""
    return '.3f' if value_format(run.metric) == '.3f' else '.1f'


def _gains_row(runs: Sequence[Result], budgets: Sequence[int]) -> str:
    cells = (
        ' / '.join(_gain([r for r in runs if r.budget == b], method) for b in budgets)
        for method in GAINING
    )
    return f'| {_ladder(runs[0])} | {" | ".join(cells)} |'


def _gain(runs: Sequence[Result], method: str) -> str:
    difference = difference_of(runs, method, RIVAL)
    if difference is None:
        return '–'
    return _bold(f'{difference.mean:+{_form(runs[0])}}', difference.sure != 0)


def _ablations_row(runs: Sequence[Result]) -> str:
    differences = [difference_of(runs, 'sr4ir', ablation) for ablation in _PARTS]
    cells = ' | '.join(_worth(difference, _form(runs[0])) for difference in differences)
    seeds = max(d.seeds for d in differences if d)
    return f'| {_ladder(runs[0])}, {runs[0].budget}x | {cells} | {seeds} |'


def _worth(difference: Difference | None, form: str) -> str:
    if difference is None:
        return '–'
    spread = '' if difference.over_seeds is None else f' ± {difference.over_seeds:{form}}'
    return _bold(f'{difference.mean:+{form}}{spread}', difference.sure != 0)


def _bold(text: str, sure: bool) -> str:
    return f'**{text}**' if sure else text


def _row(runs: Sequence[Result]) -> str:
    seeds = len({run.seed for run in runs})
    cells = ' | '.join(_cell(runs, method, seeds) for method in COLUMNS)
    return f'| {_ladder(runs[0])} | {cells} | {seeds} |'


def _cell(runs: Sequence[Result], method: str, seeds: int) -> str:
    own = [run for run in runs if run.method == method]
    if not own:
        return '–'
    difference = difference_of(runs, method, RIVAL)
    mean = statistics.mean(run.value for run in own)
    text = _bold(f'{mean:{_form(own[0])}}', difference is not None and difference.sure > 0)
    return text if len(own) == seeds else f'{text} ({len(own)})'
