"""Tables as Markdown and CSV, the paper's values beside ours."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sr4ir_mm.apis.reproduce.tables import Metric, Row, Table, TableRun

#: Stands where nothing is known or nothing has been run.
DASH = '–'
Metrics = Callable[[TableRun], Mapping[str, float]]
Results = Callable[[TableRun], Sequence[Path]]


def cells(table: Table, metrics: Metrics) -> list[list[str]]:
    """The table as text, heading first.

    Args:
        table: What to show.
        metrics: Run -> what its test measured; nothing if it is not finished.
    """
    heading = [column.replace('_', ' ') for column in table.columns]
    for metric in table.metrics:
        heading += [f'{metric.name}, paper', f'{metric.name}, here']
    return [heading, *(_line(table, row, metrics) for row in table.rows)]


def _line(table: Table, row: Row, metrics: Metrics) -> list[str]:
    measured = {} if row.run is None else metrics(row.run)
    line = [row.labels.get(column, DASH) for column in table.columns]
    for metric, paper in zip(table.metrics, row.paper, strict=True):
        line += [_number(paper, metric), _number(metric.of(measured), metric)]
    return line


def _number(value: float | None, metric: Metric) -> str:
    if value is None or math.isnan(value):
        return DASH
    return '∞' if math.isinf(value) else f'{value:.{metric.digits}f}'


def to_markdown(
    table: Table, metrics: Metrics, results: Results = lambda run: (), folder: Path = Path()
) -> str:
    """A section with title, note, the table, and the results of its analyses.

    Args:
        table: What to show.
        metrics: Run -> what its test measured.
        results: Analysis -> the files that it wrote.
        folder: Where the text will lie; pictures are named relative to it.
    """
    lines = cells(table, metrics)
    rule = ['---'] * len(lines[0])
    text = [f'## {table.name}: {table.title}', '']
    if table.note:
        text += [table.note, '']
    text += [f'| {" | ".join(line)} |' for line in (lines[0], rule, *lines[1:])]
    for row in table.rows:
        if row.run is not None and row.run.command:
            name = ', '.join(row.labels.get(column, DASH) for column in table.columns)
            text += ['', f'### {name}', '', f'    {row.run.command}', '']
            text += [_shown(path, folder) for path in results(row.run)] or ['Not made yet.']
    return '\n'.join([*text, ''])


def _shown(path: Path, folder: Path) -> str:
    """A result: tables as they are, pictures as pictures, other files by name."""
    if path.suffix == '.md':
        return path.read_text(encoding='utf-8')
    place = os.path.relpath(path, folder)
    return f'![{path.stem}]({place})' if path.suffix == '.png' else f'[{path.name}]({place})'


def write_tables(
    tables: Sequence[Table], metrics: Metrics, results: Results, folder: Path
) -> list[Path]:
    """Write each table as ``<paper>_<number>.md`` and ``.csv``; returns the Markdown files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for table in tables:
        path = folder / f'{table.name.replace("/", "_")}.md'
        path.write_text(to_markdown(table, metrics, results, folder), encoding='utf-8')
        with path.with_suffix('.csv').open('w', newline='', encoding='utf-8') as file:
            csv.writer(file).writerows(cells(table, metrics))
        written.append(path)
    return written


def to_list(lines: list[tuple[str, str, str, str]]) -> str:
    """Columns of text under one another, each as wide as its widest entry."""
    widths = [max(len(line[column]) for line in lines) for column in range(4)]
    return '\n'.join(
        '  '.join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
