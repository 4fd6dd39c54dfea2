"""The table of the README: means of each ladder at one budget, bold where they are surely above L->T."""

from dataclasses import replace

import pytest
import summary
from intervals import Difference
from results import Result
from summary import COLUMNS, summary_table, write_summary

from sr4ir_mm.utils.errors import UserError

SIGNS = Result(
    task='classification',
    dataset='sign-digits',
    scale=8,
    method='l2t',
    seed=0,
    budget=2,
    epochs=10,
    metric='accuracy/top1',
    value=82.0,
    psnr=None,
    ssim=None,
    commit='abc',
    command='python tools/train.py x.py',
    minutes=1.0,
    device='CPU',
)
CARDS = replace(
    SIGNS, task='detection', dataset='playing-cards', metric='coco/bbox_mAP', value=0.4083
)
RUNS = [
    SIGNS,
    replace(SIGNS, seed=1, value=83.1),
    replace(SIGNS, method='s2t', value=89.0),
    replace(SIGNS, method='s2t', seed=1, value=90.0),
    replace(SIGNS, method='sr4ir', budget=4, value=99.0),
    replace(SIGNS, method='tdsr', value=98.0),
    CARDS,
]


def sure_of(sign):
    """Stands for the bootstrap over test images, whose files these runs lack."""

    def difference_of(runs, better, worse):
        mean = {'s2t': sign, 'l2t': 0}[better]
        return Difference(mean, 2, 2, 0.1, (mean - 0.1, mean + 0.1))

    return difference_of


def cells(line):
    return [cell.strip() for cell in line.strip('|').split('|')]


@pytest.fixture
def line_of(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    def line_of(start):
        (line,) = (cells(row) for row in summary_table(RUNS).splitlines() if start in row)
        return dict(zip(COLUMNS, line[1:], strict=True))

    return line_of


def test_a_row_holds_the_means_of_one_budget(line_of):
    signs, cards = line_of('hand signs: x8, top-1 %'), line_of('playing cards: x8, mAP')

    assert (signs['l2t'], signs['s2t'], signs['sr4ir']) == ('82.5', '89.5', '–')
    assert cards['l2t'] == '0.408'
    assert 'tdsr' not in signs


@pytest.mark.parametrize(('sign', 'cell'), [(1, '**89.5**'), (-1, '89.5'), (0, '89.5')])
def test_only_what_is_surely_above_is_bold(line_of, monkeypatch, sign, cell):
    monkeypatch.setattr(summary, 'difference_of', sure_of(sign))

    signs = line_of('hand signs')

    assert (signs['s2t'], signs['l2t']) == (cell, '82.5')


def test_the_rest_of_the_page_stays(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page = tmp_path / 'README.md'
    page.write_text('before\n<!-- evidence: begin -->\nold\n<!-- evidence: end -->\nafter\n')

    write_summary(RUNS, page)

    text = page.read_text()
    assert text.startswith('before\n')
    assert text.endswith('after\n')
    assert 'old' not in text
    assert '| 82.5 |' in text


def test_a_page_without_a_place_for_it_is_named(tmp_path):
    page = tmp_path / 'README.md'
    page.write_text('mine\n')

    with pytest.raises(UserError, match='README.md lacks the lines <!-- evidence: begin -->'):
        write_summary(RUNS, page)

    assert page.read_text() == 'mine\n'
