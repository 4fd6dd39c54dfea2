"""Progress and time left of whatever takes longer than a few seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TextIO, TypeVar

Item = TypeVar('Item')

_SILENT_SECONDS = 3.0
_SECONDS_A_LINE = 10.0


def track(
    items: Iterable[Item],
    what: str,
    total: int | None = None,
    stream: TextIO | None = None,
) -> Iterator[Item]:
    """Hand on items and tell how far it is and how long it will take.

    The first seconds are silent, so that short work prints nothing. A terminal gets one line that is rewritten, a file
    or a pipe a new line every ten seconds.

    Args:
        items: What is worked on.
        what: Name of the work, such as 'predicting'.
        total: Number of items, ``len(items)`` by default; without either there is no time left to tell.
        stream: Where it is written, stderr by default.
    """
    stream = stream or sys.stderr
    total = total if total is not None or not hasattr(items, '__len__') else len(items)
    line = _Line(what, total, stream)
    for done, item in enumerate(items):
        line.show(done)
        yield item
    line.end()


class _Line:
    def __init__(self, what: str, total: int | None, stream: TextIO) -> None:
        self.what, self.total, self.stream = what, total, stream
        self.start = time.monotonic()
        self.shown_at: float | None = None
        self.terminal = stream.isatty()

    def show(self, done: int) -> None:
        """Write how far it is, unless it was written just now."""
        now = time.monotonic()
        wait = 0.2 if self.terminal else _SECONDS_A_LINE
        if now - self.start < _SILENT_SECONDS or now - (self.shown_at or 0) < wait:
            return
        self.shown_at = now
        text = f'{self.what} {progress(done, self.total, now - self.start)}'
        self.stream.write(f'\r{text}\033[K' if self.terminal else f'{text}\n')
        self.stream.flush()

    def end(self) -> None:
        """Leave the line on a terminal."""
        if self.shown_at is not None and self.terminal:
            self.stream.write('\n')


def progress(done: int, total: int | None, seconds: float) -> str:
    """'3/10, 0:12 gone, about 0:28 left'."""
    if total is None or done == 0:
        return f'{done}/{total or "?"}, {clock(seconds)} gone'
    left = seconds / done * max(total - done, 0)
    return f'{done}/{total}, {clock(seconds)} gone, about {clock(left)} left'


def clock(seconds: float) -> str:
    """'1:02:03', or '2:03' below an hour."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f'{hours}:{minutes:02}:{rest:02}' if hours else f'{minutes}:{rest:02}'
