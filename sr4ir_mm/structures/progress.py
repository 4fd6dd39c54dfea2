"""How far a training has come."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from mmengine.logging import MessageHub


@dataclass(frozen=True)
class Progress:
    """How far a training has come.

    Attributes:
        iteration: Iterations done.
        total: Iterations of the whole training; None outside one, where every loss counts as started.
    """

    iteration: int = 0
    total: int | None = None

    @classmethod
    def of_run(cls) -> Progress:
        """That of the loop which runs, see :meth:`during`, so that a resumed run goes on exactly where it was.

        Where no loop of this package runs, what mmengine's ``RuntimeInfoHook`` notes in the message hub before every
        iteration. That hub is the one of the Runner which was built last.
        """
        running = _RUNNING.get()
        if running is not None:
            return running
        hub = MessageHub.get_current_instance()
        return cls(hub.get_info('iter', 0), hub.get_info('max_iters'))

    @contextmanager
    def during(self) -> Iterator[None]:
        """Let this be what :meth:`of_run` gives, for one iteration."""
        token = _RUNNING.set(self)
        try:
            yield
        finally:
            _RUNNING.reset(token)

    @property
    def share(self) -> float:
        """Share of the training that is done, 0 to 1."""
        return 1.0 if not self.total else min(self.iteration / self.total, 1.0)

    def ended(self, share: float) -> bool:
        """Whether what lasts ``share`` of the training is over; never outside one, or for a share of 1."""
        return share < 1.0 and self.total is not None and self.passed(share)

    def passed(self, share: float) -> bool:
        """Whether ``share`` of the training is done."""
        return self.total is None or self.iteration >= first_active_iter(share, self.total)


def first_active_iter(share: float, max_iters: int) -> int:
    """First iteration, counted from 0, at which ``share`` of ``max_iters`` is done."""
    return math.ceil(share * max_iters - 1e-6)


_RUNNING: ContextVar[Progress | None] = ContextVar('progress', default=None)
