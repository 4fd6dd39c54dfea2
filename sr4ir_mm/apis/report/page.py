"""The page: one HTML file with its pictures, styles and script inside."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

import cv2
import numpy as np

from sr4ir_mm.apis.report.figures import COLOURS, Points, chart

_STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; color: #1f2328; background: #fff; margin: 0 auto; max-width: 1200px;
  padding: 16px; }
h1 { font-size: 24px; margin: 8px 0; }
h2 { font-size: 19px; margin: 32px 0 8px; border-bottom: 1px solid #d0d7de; padding-bottom: 4px; }
p { max-width: 75ch; margin: 6px 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 10px; border-bottom: 1px solid #d8dee4; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
td.best { font-weight: 700; }
td.plus { color: #1a7f37; }
td.minus { color: #cf222e; }
td code { white-space: pre-wrap; overflow-wrap: anywhere; display: inline-block; max-width: 42ch; text-align: left; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(320px, 100%), 1fr)); gap: 12px; }
svg { width: 100%; height: auto; }
svg text { font: 11px system-ui, sans-serif; fill: #57606a; }
svg text.title { font-size: 13px; fill: #1f2328; font-weight: 600; }
svg text.left { text-anchor: end; }
svg .grid { stroke: #eaeef2; }
.legend span { display: inline-block; margin-right: 16px; }
.legend i { display: inline-block; width: 14px; height: 4px; margin-right: 6px; vertical-align: middle; }
pre { background: #f6f8fa; padding: 10px; overflow-x: auto; font-size: 13px; }
button, select { font: inherit; padding: 6px 10px; margin: 2px 6px 2px 0; border: 1px solid #8c959f;
  background: #f6f8fa; border-radius: 6px; cursor: pointer; min-height: 36px; }
button[aria-pressed=true] { background: #1f6feb; color: #fff; border-color: #1f6feb; }
figure { margin: 14px 0; }
figure img { max-width: 100%; height: auto; display: block; image-rendering: auto; }
figcaption { font-size: 14px; margin-bottom: 4px; overflow-wrap: anywhere; }
@media (max-width: 600px) { body { padding: 10px; font-size: 14px; } th, td { padding: 4px 6px; }
  .strip { overflow-x: auto; } figure img { max-width: none; width: 720px; } }
"""
_SCRIPT = """
const strips = document.getElementById('strips');
for (const button of document.querySelectorAll('button[data-order]')) {
  button.addEventListener('click', () => {
    const sign = button.dataset.order === 'gain' ? -1 : 1;
    const figures = [...strips.querySelectorAll('figure')];
    const key = f => button.dataset.order === 'name' ? f.dataset.name : Number(f.dataset.gain);
    figures.sort((a, b) => button.dataset.order === 'name'
      ? key(a).localeCompare(key(b)) : sign * (key(a) - key(b)));
    figures.forEach(f => strips.append(f));
    document.querySelectorAll('button[data-order]').forEach(b => b.setAttribute('aria-pressed', b === button));
  });
}
"""


@dataclass
class Strip:
    """A picture of one test image.

    Attributes:
        name: Of the image.
        gain: Merit of the last run less that of the first.
        merits: Of each run.
        picture: (H, W, 3) uint8 RGB.
    """

    name: str
    gain: float
    merits: list[float]
    picture: np.ndarray


@dataclass
class Report:
    """What the page shows; every list that belongs to runs is in their order.

    Attributes:
        runs: Names of the runs; the first is what the others are compared with.
        merit: What the merit of an image is, in words.
        metrics: Metric -> last value of each run, None where it has none.
        curves: Metric -> run -> points.
        losses: Run -> points.
        groups: Grouping -> rows (name, items, merit of each run).
        size_ap: Size -> mAP of each run; empty for other tasks than detection.
        sizes: What sizes are, in words.
        calibrations: Run -> (calibration error, (confidence, share right, count) of each bin).
        strips: Pictures.
        images: Number of judged test images.
        gained: How many gained and how many lost, in words.
        differences: Setting -> value of each run.
        environments: Run -> text.
        commands: Run -> lines.
    """

    runs: list[str]
    merit: str
    metrics: Mapping[str, Sequence[float | None]]
    curves: Mapping[str, Mapping[str, Points]]
    losses: Mapping[str, Points]
    groups: Mapping[str, Sequence[tuple[str, int, list[float]]]]
    size_ap: Mapping[str, list[float]]
    sizes: str
    calibrations: Mapping[str, tuple[float, list[tuple[float, float, int]]]]
    strips: Sequence[Strip]
    images: int
    gained: str
    differences: Mapping[str, Sequence[str]] = field(default_factory=dict)
    environments: Mapping[str, str] = field(default_factory=dict)
    commands: Mapping[str, Sequence[str]] = field(default_factory=dict)


def page(report: Report) -> str:
    """The whole page."""
    title = ' and '.join(report.runs) if len(report.runs) < 3 else f'{len(report.runs)} runs'
    sections = [
        ('Metrics', _metrics(report)),
        ('Curves', _curves(report)),
        ('Where it gains and where it loses', _groups(report)),
        ('Calibration of scores', _calibration(report)),
        ('Images', _strips(report)),
        ('Settings that differ', _differences(report)),
        ('Commands', _commands(report)),
        ('Environment', _environments(report)),
    ]
    body = ''.join(f'<h2>{name}</h2>{content}' for name, content in sections if content)
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><style>{_STYLE}</style></head><body>'
        f'<h1>{escape(title)}</h1>{_legend(report.runs)}{body}<script>{_SCRIPT}</script></body></html>\n'
    )


def _legend(runs: Sequence[str]) -> str:
    entries = (
        f'<span><i style="background:{COLOURS[number % len(COLOURS)]}"></i>{escape(name)}</span>'
        for number, name in enumerate(runs)
    )
    return f'<p class="legend">{"".join(entries)}</p>'


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose cells are HTML already, those that bring their own ``<td`` as they are."""
    head = ''.join(f'<th>{escape(cell)}</th>' for cell in header)
    body = ''.join(
        '<tr>'
        + ''.join(cell if cell.startswith('<td') else f'<td>{cell}</td>' for cell in row)
        + '</tr>'
        for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _values(values: Sequence[float | None]) -> list[str]:
    """Cells of one row, the largest in bold."""
    known = [value for value in values if value is not None]
    best = max(known) if len(known) > 1 and max(known) > min(known) else None
    return [
        '<td>–</td>'
        if value is None
        else f'<td class="best">{value:.4g}</td>'
        if value == best
        else f'<td>{value:.4g}</td>'
        for value in values
    ]


def _metrics(report: Report) -> str:
    rows = [[escape(name), *_values(values)] for name, values in report.metrics.items()]
    note = '<p>Last validation of each training; the largest value of a row is bold.</p>'
    return note + table(['', *report.runs], rows) if rows else ''


def _curves(report: Report) -> str:
    charts = [chart('training loss', report.losses, 'iteration')]
    charts += [chart(name, lines, 'epoch') for name, lines in report.curves.items()]
    charts = [text for text in charts if text]
    return f'<div class="charts">{"".join(charts)}</div>' if charts else ''


def _groups(report: Report) -> str:
    text = (
        f'<p>Merit on {report.images} test images: {escape(report.merit)}. {escape(report.gained)}</p>'
        f'<p>{escape(report.sizes)}</p>'
    )
    if report.size_ap:
        rows = [[f'mAP, {size}', *_values(values)] for size, values in report.size_ap.items()]
        text += table(['', *report.runs], rows)
    gains = [f'gain of {name}' for name in report.runs[1:]]
    for grouping, rows in report.groups.items():
        cells = [
            [escape(name), str(count), *_values(merits), *_gains(merits)]
            for name, count, merits in rows
        ]
        text += '<p></p>' + table([grouping, 'items', *report.runs, *gains], cells)
    return text


def _gains(merits: Sequence[float]) -> list[str]:
    differences = [merit - merits[0] for merit in merits[1:]]
    return [
        f'<td class="{"plus" if value > 0 else "minus" if value < 0 else ""}">{value:+.3f}</td>'
        for value in differences
    ]


def _calibration(report: Report) -> str:
    lines = {
        name: [(mean, share) for mean, share, _ in rows]
        for name, (_, rows) in report.calibrations.items()
    }
    drawing = chart('share of right answers', lines, 'confidence', diagonal=True, unit=True)
    if not drawing:
        return ''
    rows = [
        [escape(name), f'{error:.3f}', str(sum(count for *_, count in bins))]
        for name, (error, bins) in report.calibrations.items()
    ]
    note = (
        '<p>Below the diagonal a network is too sure of itself. The expected calibration error is the distance from '
        'it, weighted by the number of answers.</p>'
    )
    errors = table(['', 'expected calibration error', 'answers'], rows)
    return f'{note}<div class="charts">{drawing}</div>{errors}'


def _strips(report: Report) -> str:
    if not report.strips:
        return ''
    orders = [('gain', 'most gained first'), ('loss', 'most lost first'), ('name', 'by name')]
    buttons = ''.join(
        f'<button data-order="{key}" aria-pressed="{str(key == "gain").lower()}">{text}</button>'
        for key, text in orders
    )
    figures = ''.join(_figure(strip, report.runs) for strip in report.strips)
    first, last = escape(report.runs[0]), escape(report.runs[-1])
    note = f'<p>{len(report.strips)} of {report.images} images; gain of {last} over {first}.</p>'
    return f'{note}<div>{buttons}</div><div id="strips">{figures}</div>'


def _figure(strip: Strip, runs: Sequence[str]) -> str:
    # A JPEG file is a quarter of the PNG file, and pages hold many.
    quality = [cv2.IMWRITE_JPEG_QUALITY, 92]
    _, jpeg = cv2.imencode('.jpg', np.ascontiguousarray(strip.picture[..., ::-1]), quality)
    merits = ', '.join(
        f'{name} {merit:.2f}' for name, merit in zip(runs, strip.merits, strict=True)
    )
    caption = f'{strip.name}: {merits}' + (f', gain {strip.gain:+.2f}' if len(runs) > 1 else '')
    source = base64.b64encode(jpeg.tobytes()).decode()
    return (
        f'<figure data-gain="{strip.gain:.6f}" data-name="{escape(strip.name)}"><figcaption>{escape(caption)}'
        f'</figcaption><div class="strip"><img alt="{escape(strip.name)}" src="data:image/jpeg;base64,{source}"></div>'
        '</figure>'
    )


def _differences(report: Report) -> str:
    rows = [
        [f'<code>{escape(key)}</code>', *(f'<code>{escape(value)}</code>' for value in values)]
        for key, values in report.differences.items()
    ]
    return table(['', *report.runs], rows) if rows else ''


def _commands(report: Report) -> str:
    return ''.join(
        f'<p>{escape(name)}</p><pre>{escape(chr(10).join(lines))}</pre>'
        for name, lines in report.commands.items()
    )


def _environments(report: Report) -> str:
    """Each different environment once, with the runs it belongs to."""
    runs_of: dict[str, list[str]] = {}
    for name, text in report.environments.items():
        runs_of.setdefault(text, []).append(name)
    return ''.join(
        f'<details><summary>{escape(", ".join(names))}</summary><pre>{escape(text)}</pre></details>'
        for text, names in runs_of.items()
        if text
    )
