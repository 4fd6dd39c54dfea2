"""Curves as SVG text: sharp at any width, and part of the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

COLOURS = ('#1f6feb', '#d1242f', '#1a7f37', '#9a6700', '#8250df', '#0a7d91', '#bf3989', '#57606a')
_WIDTH, _HEIGHT = 360, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 12, 28, 34
_MOST_POINTS = 300

Points = Sequence[tuple[float, float]]


def chart(
    title: str,
    lines: Mapping[str, Points],
    x_name: str,
    diagonal: bool = False,
    unit: bool = False,
) -> str:
    """One chart with a line a run, in the order of :data:`COLOURS`; lines without points keep their colour.

    Args:
        title: What the vertical axis is.
        lines: Run -> (x, y).
        x_name: What the horizontal axis is.
        diagonal: Draw where y is x, as for calibration.
        unit: Both axes from 0 to 1.
    """
    values = [point for line in lines.values() for point in line]
    if not values:
        return ''
    x_span = (0.0, 1.0) if unit else _span([x for x, _ in values], 0.0)
    y_span = (0.0, 1.0) if unit else _span([y for _, y in values], 0.05)
    parts = [_frame(title, x_name, x_span, y_span)]
    if diagonal:
        parts.append(_line([(0, 0), (1, 1)], x_span, y_span, '#8c959f', 'stroke-dasharray="4 4"'))
    for number, points in enumerate(lines.values()):
        colour = COLOURS[number % len(COLOURS)]
        parts.append(_line(_thin(points), x_span, y_span, colour))
        if len(points) <= 40:
            parts += [_dot(point, x_span, y_span, colour) for point in points]
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">'
        f'{"".join(parts)}</svg>'
    )


def _span(values: Sequence[float], share: float) -> tuple[float, float]:
    """Smallest and largest value with a share of their difference as margin."""
    low, high = min(values), max(values)
    margin = (high - low) * share if high > low else abs(high) * 0.05 or 1.0
    return low - margin, high + margin


def _thin(points: Points) -> Points:
    return points[:: max(len(points) // _MOST_POINTS, 1)]


def _at(
    point: tuple[float, float], x_span: tuple[float, float], y_span: tuple[float, float]
) -> tuple[float, float]:
    x = (point[0] - x_span[0]) / (x_span[1] - x_span[0])
    y = (point[1] - y_span[0]) / (y_span[1] - y_span[0])
    return (
        _LEFT + x * (_WIDTH - _LEFT - _RIGHT),
        _HEIGHT - _BOTTOM - y * (_HEIGHT - _TOP - _BOTTOM),
    )


def _line(
    points: Points,
    x_span: tuple[float, float],
    y_span: tuple[float, float],
    colour: str,
    extra: str = '',
) -> str:
    path = ' '.join('{:.1f},{:.1f}'.format(*_at(point, x_span, y_span)) for point in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2" {extra}/>'


def _dot(
    point: tuple[float, float],
    x_span: tuple[float, float],
    y_span: tuple[float, float],
    colour: str,
) -> str:
    x, y = _at(point, x_span, y_span)
    tip = f'<title>{point[0]:g}: {point[1]:.4g}</title>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}">{tip}</circle>'


def _frame(
    title: str, x_name: str, x_span: tuple[float, float], y_span: tuple[float, float]
) -> str:
    parts = [f'<text x="{_LEFT}" y="16" class="title">{escape(title)}</text>']
    for share in (0.0, 0.5, 1.0):
        y_value = y_span[0] + share * (y_span[1] - y_span[0])
        x_value = x_span[0] + share * (x_span[1] - x_span[0])
        x, y = _at((x_value, y_value), x_span, y_span)
        parts.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>'
        )
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" class="left">{y_value:.3g}</text>')
        anchor = {0.0: 'start', 1.0: 'end'}.get(share, 'middle')
        parts.append(
            f'<text x="{x:.1f}" y="{_HEIGHT - _BOTTOM + 15}" text-anchor="{anchor}">{x_value:.4g}</text>'
        )
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(
        f'<text x="{middle}" y="{_HEIGHT - 4}" text-anchor="middle">{escape(x_name)}</text>'
    )
    return ''.join(parts)
