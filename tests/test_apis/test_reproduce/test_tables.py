"""Tables as data: that what ships can be made, selection by name and label, rendering."""

import re
from functools import cache
from pathlib import Path

import pytest
from mmengine.config import Config

from sr4ir_mm.apis.reproduce.render import cells, to_markdown, write_tables
from sr4ir_mm.apis.reproduce.tables import parse_filters, read_tables, select
from sr4ir_mm.utils.errors import UserError

ROOT = Path(__file__).parents[3]
SHIPPED = read_tables(ROOT / 'configs/tables')

SMALL = """
tables:
  1:
    title: two methods
    note: >-
      A note over
      two lines.
    common: {task: det}
    columns: [method, sr_net, scale]
    metrics:
      mAP: {key: [missing, coco/bbox_mAP], times: 100}
      LPIPS: {key: sr/lpips, digits: 3}
    rows:
      - {method: H→T, config: h2t/x, paper: [36.7]}
      - {method: S→T, sr_net: edsr, scale: 8, config: s2t/y, options: {model.cqmix.grid: 2}, paper: [null, .494]}
      - {method: figure, command: 'analysis_tools/plot.py {h2t/x} -o {out}.md'}
  s2:
    title: another
    columns: [scale]
    metrics:
      top-1: {key: accuracy/top1}
    rows:
      - {scale: 4, config: h2t/x}
"""
MEASURED = {
    'h2t/x': {'coco/bbox_mAP': 0.3512, 'sr/lpips': float('inf')},
    's2t/y_grid-2': {'coco/bbox_mAP': -1.0, 'sr/lpips': 0.50049},
}


def measured(run):
    return MEASURED.get(run.name, {})


@cache
def shipped(config):
    return Config.fromfile(ROOT / 'configs' / f'{config}.py')


@pytest.fixture
def small(tmp_path):
    (tmp_path / 'paper.yml').write_text(SMALL)
    return read_tables(tmp_path)


def test_every_run_has_a_config_whose_evaluators_measure_its_table():
    """The first metric of a table is measured by an evaluator of the config."""
    keys = {
        'IoUMetric': 'mIoU',
        'CocoMetric': 'coco/bbox_mAP',
        'Accuracy': 'accuracy/top1',
        'VOCMetric': 'pascal_voc/mAP',
        'PSNR': 'sr/psnr',
    }
    for table in SHIPPED.values():
        for run in (run for run in table.runs() if not run.command):
            cfg = shipped(run.config)
            kinds = [metric.type.rpartition('.')[2] for metric in cfg.test_evaluator]
            names = {keys[kind] for kind in kinds if kind in keys}
            wanted = {key for metric in table.metrics for key in metric.keys}
            assert names & wanted, (table.name, run.name)


def test_labels_of_rows_agree_with_their_configs():
    """A row in the wrong line would give a wrong number without a trace."""
    tasks = {'mmdet': 'det', 'mmseg': 'seg', 'mmpretrain': 'cls'}
    methods = {
        'H→T': 'h2t',
        'L→T': 'l2t',
        'S→T': 's2t',
        'T→S': 't2s',
        'S+T': 'swt',
        'SR4IR': 'sr4ir',
    }
    for table in SHIPPED.values():
        for row in (row for row in table.rows if row.run and not row.run.command):
            folder, _, stem = row.run.config.partition('/')
            cfg = shipped(row.run.config)
            assert row.labels['task'] == tasks[cfg.default_scope]
            assert stem.endswith(row.labels['data'])
            assert methods.get(row.labels.get('method'), folder) == folder
            scale = re.search(r'_x(\d)_', stem)
            if scale:
                assert row.labels['scale'] == scale[1]
            if folder in methods.values() and 'sr_net' in row.labels:
                assert f'_{row.labels["sr_net"]}_' in stem


def test_the_papers_values_are_those_of_the_notes():
    """A value of each block of methods.md 5.8 and 2, and how many there are."""
    found = {
        (table.name, tuple(row.labels.get(k) for k in ('method', 'setting', 'data', 'sr_net', 'scale')))
        : row.paper
        for table in SHIPPED.values()
        for row in table.rows
    }  # fmt: skip
    assert found['sr4ir/1', ('T→S', None, 'voc', 'swinir', '4')] == (53.2, 0.376, 26.04)
    assert found['sr4ir/2', ('SR4IR', None, 'voc', 'edsr', '8')] == (25.5, 0.416, 20.86)
    assert found['sr4ir/3', ('S+T', None, 'cub', 'swinir', '8')] == (61.2, 0.364)
    assert found['sr4ir/3', ('L→T', None, 'cars', None, '8')] == (61.0, 0.478)
    assert found['sr4ir/5', (None, 'hr', 'cars', 'edsr', '8')] == (59.3,)
    assert found['sr4ir/6', (None, 'joint training', 'voc', 'edsr', '8')] == (3.5,)
    assert found['sr4ir/7', ('SOD-MTGAN', None, 'voc', 'edsr', '8')] == (None,)
    assert found['fdsr/1', (None, None, 'coco', 'RCAN', '4')][:3] == (26.5, 44.2, 27.5)
    assert found['fdsr/3', (None, None, 'voc07', 'FDSR', '4')] == (27.51, 0.9889, 67.98)
    assert {name: len(SHIPPED[f'sr4ir/{name}'].rows) for name in '123'} == {
        '1': 19,
        '2': 19,
        '3': 38,
    }


def test_rows_become_runs(small):
    h2t, s2t, figure = small['paper/1'].rows

    assert (h2t.run.name, s2t.run.name) == ('h2t/x', 's2t/y_grid-2')
    assert figure.run.name == 'tables/paper_1_3'
    assert figure.run.command.startswith('analysis_tools/plot.py')
    assert s2t.run.options == (('model.cqmix.grid', 2),)
    assert s2t.paper == (None, 0.494)
    assert h2t.paper == (36.7, None)
    assert s2t.labels == dict(task='det', method='S→T', sr_net='edsr', scale='8')
    assert len({table.runs()[0] for table in small.values()}) == 1


def test_tables_and_rows_are_chosen(small):
    (table,) = select(small, ['paper/1', 'paper/1'], parse_filters(['task=det,scale=8']))
    assert [row.labels['method'] for row in table.rows] == ['S→T']
    assert [t.name for t in select(small, ['paper'], {})] == ['paper/1', 'paper/s2']
    # A table without such a row is left out.
    assert [t.name for t in select(small, ['paper'], {'method': 'H→T'})] == ['paper/1']


@pytest.mark.parametrize(
    ('names', 'filters', 'sentence'),
    [
        (['paper/7'], {}, "table 'paper/7' is unknown; choose among paper/1, paper/s2"),
        (['paper/1'], {'colour': 'red'}, '--filter colour=...: choose among method, scale'),
        (['paper'], {'scale': '3'}, r"no row has scale=3; the values are {'scale': \['4', '8'\]}"),
    ],
)
def test_what_is_not_there_is_told(small, names, filters, sentence):
    with pytest.raises(UserError, match=sentence):
        select(small, names, filters)


def test_a_filter_of_another_form_is_told():
    with pytest.raises(UserError, match="--filter 'det' must be label=value"):
        parse_filters(['det'])


@pytest.mark.parametrize(
    'broken', [('paper: [36.7]', 'paper: [1, 2, 3]'), ('    title: two methods\n', '')]
)
def test_a_broken_table_is_told(tmp_path, broken):
    (tmp_path / 'paper.yml').write_text(SMALL.replace(*broken))
    with pytest.raises(UserError, match='paper.yml: table 1 is not readable'):
        read_tables(tmp_path)


GOLDEN = """## paper/1: two methods

A note over two lines.

| method | sr net | scale | mAP, paper | mAP, here | LPIPS, paper | LPIPS, here |
| --- | --- | --- | --- | --- | --- | --- |
| H→T | – | – | 36.7 | 35.1 | – | ∞ |
| S→T | edsr | 8 | – | – | 0.494 | 0.500 |
| figure | – | – | – | – | – | – |

### figure, –, –

    analysis_tools/plot.py {h2t/x} -o {out}.md

Not made yet.
"""


def test_the_papers_value_stands_beside_ours(small):
    assert to_markdown(small['paper/1'], measured) == GOLDEN


def test_both_forms_are_written(small, tmp_path):
    paths = write_tables([small['paper/1']], measured, lambda run: (), tmp_path / 'out')

    assert [path.name for path in paths] == ['paper_1.md']
    assert paths[0].read_text() == GOLDEN
    lines = (tmp_path / 'out/paper_1.csv').read_text().splitlines()
    assert lines[0] == 'method,sr net,scale,"mAP, paper","mAP, here","LPIPS, paper","LPIPS, here"'
    assert lines[2] == 'S→T,edsr,8,–,–,0.494,0.500'


def test_results_of_an_analysis_are_shown(small, tmp_path):
    (tmp_path / 'result.md').write_text('| a table |')
    files = [tmp_path / name for name in ('result.csv', 'result.md', 'result.png')]

    text = to_markdown(small['paper/1'], measured, lambda run: files, tmp_path / 'tables')

    assert text.endswith('[result.csv](../result.csv)\n| a table |\n![result](../result.png)\n')


def test_a_run_that_is_missing_leaves_dashes(small):
    assert cells(small['paper/s2'], lambda run: {})[1] == ['4', '–', '–']
