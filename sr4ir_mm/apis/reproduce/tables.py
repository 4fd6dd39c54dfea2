"""Tables as data: which run, which metric and which value of the paper stand where."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from sr4ir_mm.utils.errors import UserError

#: Keys of a row that are no labels.
_NO_LABELS = ('config', 'options', 'command', 'paper')


#: What a command takes from the runs: a finished run's checkpoint.
CHECKPOINT = re.compile(r'\{([\w-]+/[\w.-]+)\}')


@dataclass(frozen=True)
class TableRun:
    """One training, or one analysis of finished trainings, that tables ask for; rows of several tables may share it.

    Attributes:
        config: ``<method>/<name>`` below ``configs/``; for an analysis ``tables/<paper>_<number>_<row>``.
        options: Further settings, as ``--cfg-options`` takes them.
        command: Of an analysis: a tool of ``tools/analysis_tools`` and its arguments, with ``{<method>/<name>}`` for a
            run's checkpoint and ``{out}`` for where its result goes.
    """

    config: str
    options: tuple[tuple[str, Any], ...] = ()
    command: str = ''

    @property
    def name(self) -> str:
        """Of its folder below ``work_dirs/``, and for ``--use``."""
        parts = [f'{key.rpartition(".")[2]}-{value}' for key, value in self.options]
        return '_'.join([self.config, *parts])


@dataclass(frozen=True)
class Metric:
    """One column of values.

    Attributes:
        name: In the heading.
        keys: What evaluators call it; the first that a run has is taken.
        times: Factor to the paper's unit.
        digits: After the point.
    """

    name: str
    keys: tuple[str, ...]
    times: float = 1.0
    digits: int = 1

    def of(self, metrics: Mapping[str, float]) -> float | None:
        """The value in the paper's unit; None if the run did not measure it.

        COCO says -1 where there is nothing to measure, such as large objects.
        """
        found = [metrics[key] for key in self.keys if metrics.get(key, -1) != -1]
        return found[0] * self.times if found else None


@dataclass(frozen=True)
class Row:
    """One line of a table.

    Attributes:
        labels: What it is: the table's label columns, and more to filter by.
        paper: The paper's values, one a metric; None where our notes know none.
        run: The training whose test gives our values, or the analysis that makes the row; None if there is no config
            for it.
    """

    labels: Mapping[str, str]
    paper: tuple[float | None, ...]
    run: TableRun | None = None

    def matches(self, filters: Mapping[str, str]) -> bool:
        """Whether every filter is met."""
        return all(self.labels.get(key) == value for key, value in filters.items())


@dataclass(frozen=True)
class Table:
    """One table.

    Attributes:
        name: ``<paper>/<number>``, as ``--table`` takes it.
        title: What it shows.
        note: What to know when it is read; what our notes do not know.
        columns: Labels shown, in order.
        metrics: Columns of values.
        rows: Its lines.
    """

    name: str
    title: str
    note: str
    columns: tuple[str, ...]
    metrics: tuple[Metric, ...]
    rows: tuple[Row, ...]

    def runs(self) -> list[TableRun]:
        """The trainings and analyses of its rows, each once."""
        return list(dict.fromkeys(row.run for row in self.rows if row.run is not None))


def read_tables(folder: Path) -> dict[str, Table]:
    """All tables of ``<folder>/<paper>.yml``, by name.

    Raises:
        UserError: A file says something that is no table.
    """
    tables = {}
    for path in sorted(folder.glob('*.yml')):
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
        for number, data in content['tables'].items():
            name = f'{path.stem}/{number}'
            try:
                tables[name] = _table(name, data)
            except (KeyError, TypeError, ValueError) as error:
                raise UserError(
                    f'{path}: table {number} is not readable ({type(error).__name__}: {error}); see docs/reproduce.md '
                    'for its form.'
                ) from error
    return tables


def _table(name: str, data: Mapping[str, Any]) -> Table:
    metrics = tuple(_metric(key, value) for key, value in data.get('metrics', {}).items())
    common = data.get('common', {})
    stem = f'tables/{name.replace("/", "_")}'
    return Table(
        name=name,
        title=data['title'],
        note=' '.join(data.get('note', '').split()),
        columns=tuple(data['columns']),
        metrics=metrics,
        rows=tuple(
            _row({**common, **row}, len(metrics), f'{stem}_{index}')
            for index, row in enumerate(data['rows'], 1)
        ),
    )


def _metric(name: str, data: Mapping[str, Any]) -> Metric:
    keys = data['key']
    keys = (keys,) if isinstance(keys, str) else tuple(keys)
    return Metric(name, keys, data.get('times', 1.0), data.get('digits', 1))


def _row(data: Mapping[str, Any], count: int, name: str) -> Row:
    paper = list(data.get('paper', []))
    if len(paper) > count:
        raise ValueError(f'{len(paper)} values for {count} metrics')
    run = None
    if data.get('config'):
        run = TableRun(data['config'], tuple(sorted(data.get('options', {}).items())))
    elif data.get('command'):
        run = TableRun(name, command=data['command'])
    return Row(
        labels={key: str(value) for key, value in data.items() if key not in _NO_LABELS},
        paper=tuple(paper + [None] * (count - len(paper))),
        run=run,
    )


def select(
    tables: Mapping[str, Table], names: Iterable[str], filters: Mapping[str, str]
) -> list[Table]:
    """The tables of these names with the rows that meet the filters; tables without such a row are left out.

    Args:
        tables: All tables.
        names: ``sr4ir/4``, or ``sr4ir`` for all of a paper.
        filters: Label -> value, such as ``scale`` -> ``8``.

    Raises:
        UserError: A table or a label is unknown, or no row is left.
    """
    chosen = [table for name in names for table in _find(tables, name)]
    known = sorted({label for table in chosen for row in table.rows for label in row.labels})
    for label in filters:
        if label not in known:
            raise UserError(f'--filter {label}=...: choose among {", ".join(known)}.')
    kept = [_filtered(table, filters) for table in {t.name: t for t in chosen}.values()]
    kept = [table for table in kept if table.rows]
    if not kept:
        wanted = ','.join(f'{label}={value}' for label, value in filters.items())
        values = {label: sorted(_values(chosen, label)) for label in filters}
        raise UserError(f'no row has {wanted}; the values are {values}.')
    return kept


def _find(tables: Mapping[str, Table], name: str) -> list[Table]:
    found = [t for key, t in tables.items() if name == key or key.startswith(f'{name}/')]
    if not found:
        raise UserError(f'table {name!r} is unknown; choose among {", ".join(tables)}.')
    return found


def _filtered(table: Table, filters: Mapping[str, str]) -> Table:
    return replace(table, rows=tuple(row for row in table.rows if row.matches(filters)))


def _values(tables: Iterable[Table], label: str) -> set[str]:
    return {row.labels[label] for table in tables for row in table.rows if label in row.labels}


def parse_filters(texts: Iterable[str]) -> dict[str, str]:
    """``task=det,scale=8`` to a dict.

    Raises:
        UserError: A part is no ``label=value``.
    """
    filters = {}
    for part in (part for text in texts for part in text.split(',') if part):
        label, found, value = part.partition('=')
        if not (label and found and value):
            raise UserError(f'--filter {part!r} must be label=value, such as task=det,scale=8.')
        filters[label.strip()] = value.strip()
    return filters
