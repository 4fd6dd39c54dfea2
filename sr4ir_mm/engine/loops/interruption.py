"""Signals that ask a training to stop."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType


class Interruption:
    """Takes note of SIGTERM and SIGINT while a training runs, so that it can end its iteration first.

    A second SIGINT (Ctrl-C pressed twice) stops at once.

    Attributes:
        signal: The signal that came; None before.
        is_heeded: Whether a hook ends the training then; signals are left alone without one.
    """

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None
        self.is_heeded = False
        self._previous: dict[int, object] = {}

    def __enter__(self) -> Interruption:
        # Python allows handlers in the main thread only.
        if self.is_heeded and threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                self._previous[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT == self.signal:
            raise KeyboardInterrupt
        self.signal = signal.Signals(number)
