"""The ladders on one page: the table of the README, what methods gain, and what SR4IR's parts are worth."""

from dataclasses import replace

import pytest
import summary
from intervals import Difference
from report import PAIRS
from summary import (
    COLUMNS,
    GAINING,
    RIVAL,
    ablation_table,
    certainty_list,
    gains_table,
    summary_table,
    write_summaries,
)

from sr4ir_mm.utils.errors import UserError
from tests.test_projects.test_results import BASE

SIGNS = replace(BASE, budget=2, value=82.0)
CARDS = replace(
    SIGNS, task='detection', dataset='playing-cards', metric='coco/bbox_mAP', value=0.4083
)
RUNS = [
    SIGNS,
    replace(SIGNS, seed=1, value=83.0),
    replace(SIGNS, method='s2t', value=89.0),
    replace(SIGNS, method='s2t', seed=1, value=90.0),
    replace(SIGNS, method='sr4ir', budget=4, value=99.0),
    replace(SIGNS, method='tdsr', value=98.0),
    CARDS,
]


ABLATED = [
    replace(SIGNS, method=method, seed=seed, budget=budget, value=value + seed)
    for method, budget, value in (
        ('sr4ir', 2, 80.0),
        ('sr4ir-no-tdp', 2, 76.0),
        ('sr4ir', 4, 85.0),
        ('sr4ir-joint', 4, 60.0),
    )
    for seed in (0, 1)
]


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    """No real run's predictions are found."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def sure(monkeypatch):
    """Has both intervals leave 0 out, whose test images these runs lack."""

    def make(mean):
        difference = Difference(mean, 2, 2, 0.1, (mean - 0.1, mean + 0.1))
        monkeypatch.setattr(summary, 'difference_of', lambda *_: difference)

    return make


def cells(table, start):
    (line,) = (line for line in table.splitlines() if start in line)
    return [cell.strip() for cell in line.strip('|').split('|')][1:]


def test_a_row_holds_the_means_of_one_budget():
    table = summary_table(RUNS)
    *values, seeds = cells(table, 'hand signs: x8, top-1 %')
    signs = dict(zip(COLUMNS, values, strict=True))

    assert (signs['l2t'], signs['s2t'], signs['sr4ir'], seeds) == ('82.5', '89.5', '–', '2')
    assert cells(table, 'playing cards: x8, mAP')[0] == '0.408'
    assert 'TDSR' not in table


def test_means_over_fewer_seeds_tell_how_many():
    table = summary_table([*RUNS, replace(SIGNS, method='swt', value=85.0)])

    assert cells(table, 'hand signs')[:3] == ['82.5', '89.5', '85.0 (1)']


def test_every_gain_has_its_intervals_in_the_tables():
    assert not {(method, RIVAL) for method in GAINING} - set(PAIRS)


@pytest.mark.parametrize(('mean', 'cell'), [(1.0, '**89.5**'), (-1.0, '89.5'), (0.0, '89.5')])
def test_only_what_is_surely_above_is_bold(sure, mean, cell):
    sure(mean)

    assert cells(summary_table(RUNS), 'hand signs')[1] == cell


def test_gains_are_paired_by_budget():
    longer = [replace(SIGNS, budget=4, value=98.5, seed=seed) for seed in (0, 1)]
    table = gains_table([*RUNS, *longer])
    signs = dict(zip(GAINING, cells(table, 'hand signs'), strict=True))

    assert table.startswith('| Less L→T at 2x / 4x |')
    assert (signs['s2t'], signs['sr4ir'], signs['swt']) == ('+7.0 / –', '– / +0.5', '– / –')


def test_a_budget_of_one_seed_is_not_told_where_there_are_several():
    table = gains_table([*RUNS, replace(SIGNS, budget=8, value=98.5)])

    assert table.startswith('| Less L→T at 2x |')


@pytest.mark.parametrize(('mean', 'cell'), [(1.0, '**+1.0**'), (-1.0, '**-1.0**'), (0.05, '+0.1')])
def test_sure_gains_and_losses_are_bold(sure, mean, cell):
    sure(mean)

    assert cells(gains_table(RUNS), 'hand signs')[0] == cell


def test_parts_are_told_at_the_budgets_that_left_them_out():
    table = ablation_table(ABLATED)

    assert cells(table, 'top-1 %, 2x') == ['+4.0 ± 0.0', '–', '–', '2']
    assert cells(table, 'top-1 %, 4x') == ['–', '–', '+25.0 ± 0.0', '2']


def test_a_part_left_out_once_has_no_interval():
    table = ablation_table([run for run in ABLATED if run.seed == 0])

    assert cells(table, 'top-1 %, 2x') == ['+4.0', '–', '–', '1']


def test_bold_differences_that_both_errors_at_once_would_hide_are_listed(monkeypatch):
    sizes = {'s2t': 1.0, 'swt': 0.1}
    monkeypatch.setattr(
        summary,
        'difference_of',
        lambda _, better, worse: (
            Difference(1.0, 2, 2, 0.6, (1 - 0.9 * sizes[better], 2.0))
            if better in sizes and worse == 'l2t'
            else None
        ),
    )
    text = certainty_list([SIGNS])

    # at each of the four budgets
    assert text.startswith('8 differences are in the tables by budget, 8 of them bold; 4 of these')
    assert '- hand signs x8, 2x: S→T − L→T\n' in text
    assert 'S+T' not in text


def page(path, *names):
    parts = ''.join(f'<!-- {name}: begin -->\nstale\n<!-- {name}: end -->\n' for name in names)
    path.write_text(f'before\n{parts}after\n')
    return path


def test_the_rest_of_the_pages_stays(tmp_path):
    readme = page(tmp_path / 'README.md', 'evidence')
    report = page(tmp_path / 'results.md', 'gains', 'ablations', 'certainty')

    write_summaries([*RUNS, *ABLATED], readme, report)

    for text in (readme.read_text(), report.read_text()):
        assert text.startswith('before\n')
        assert text.endswith('after\n')
        assert 'stale' not in text
    assert '| 82.5 |' in readme.read_text()
    assert '| +4.0 ± 0.0 |' in report.read_text()
    assert '| +7.0' in report.read_text()


def test_a_page_without_a_place_for_it_is_named(tmp_path):
    readme = page(tmp_path / 'README.md')

    with pytest.raises(UserError, match='README.md lacks the lines <!-- evidence: begin -->'):
        write_summaries(RUNS, readme, tmp_path / 'results.md')

    assert readme.read_text() == 'before\nafter\n'
