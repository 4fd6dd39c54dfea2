"""Smoke runs of the tables: a cell of each task, a chain, finished networks; all cells with -m slow."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from sr4ir_mm.apis.reproduce import commands
from sr4ir_mm.apis.reproduce.render import write_tables
from sr4ir_mm.apis.reproduce.tables import TableRun, read_tables, select
from sr4ir_mm.apis.runs import run_all
from sr4ir_mm.testing import smoke
from sr4ir_mm.testing.smoke import smoke_experiment
from sr4ir_mm.utils.errors import UserError

ROOT = Path(__file__).parents[2]
SHIPPED = read_tables(ROOT / 'configs/tables')


def make(tables, folder):
    experiment = smoke_experiment(folder)
    run_all(experiment.missing(tables), experiment.plan())
    return experiment


@pytest.mark.parametrize(
    ('name', 'filters'),
    [
        ('sr4ir/1', dict(method='S→T', sr_net='edsr', scale='8')),
        ('sr4ir/2', dict(method='SR4IR', sr_net='edsr', scale='8')),
        ('fdsr/2', dict(detector='retinanet-r50', sr_net='bicubic')),
    ],
)
def test_a_cell_of_each_kind_is_made_and_shown(tmp_path, name, filters):
    (table,) = tables = select(SHIPPED, [name], filters)

    experiment = make(tables, tmp_path)

    (run,) = table.runs()
    assert all(metric.of(experiment.metrics(run)) is not None for metric in table.metrics[:1])
    commands.check_measured(tables, experiment)
    (path,) = write_tables(tables, experiment.metrics, experiment.results, tmp_path / 'tables')
    (line,) = [line for line in path.read_text().splitlines() if line.startswith('|')][2:]
    paper, ours = line.split(' | ')[len(table.columns) :][:2]
    assert paper != '–'
    assert ours.strip(' |') != '–'


def test_a_chain_passes_real_weights_on(tmp_path):
    tables = select(SHIPPED, ['sr4ir/6'], dict(setting='finished task network', task='cls'))
    experiment = make(tables, tmp_path)
    commands.check_measured(tables, experiment)

    h2t, run = TableRun('h2t/resnet18_cars'), TableRun('sr4ir_fixed/resnet18_edsr_x8_cars')
    source, copy = (
        torch.load(experiment.checkpoint(r), weights_only=False)['state_dict'] for r in (h2t, run)
    )
    for name, value in source.items():
        if name.startswith('task_net.'):
            assert torch.equal(copy[name.replace('task_net.', 'extractor.', 1)], value), name


def test_a_failing_run_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(smoke, 'shrink_data', lambda cfg: cfg.model.pop('phases'))
    experiment = smoke_experiment(tmp_path)

    with pytest.raises(UserError, match='^h2t/resnet18_cars fails: TypeError: .*phases'):
        experiment.finish(TableRun('h2t/resnet18_cars'))


def test_a_table_that_asks_for_what_is_not_measured_is_told(tmp_path):
    (table,) = select(SHIPPED, ['sr4ir/1'], dict(method='H→T'))
    experiment = smoke_experiment(tmp_path)
    experiment.keep(table.runs()[0], None, {'mIoU': 1.0})
    commands.check_measured([table], experiment)
    other = replace(table, metrics=table.metrics[1:])

    with pytest.raises(UserError, match='none of which is in table sr4ir/1'):
        commands.check_measured([other], experiment)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_cell_is_made(tmp_path):
    tables = list(SHIPPED.values())

    experiment = make(tables, tmp_path)

    commands.check_measured(tables, experiment)
    assert experiment.missing(tables) == []
