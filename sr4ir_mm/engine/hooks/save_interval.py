"""When the next checkpoint within an epoch is due."""

from __future__ import annotations

import time

from sr4ir_mm.utils.errors import UserError


class SaveInterval:
    """Iterations and minutes since the last checkpoint.

    Args:
        iters: Iterations between checkpoints; None for no such limit.
        minutes: Minutes between checkpoints; None for no such limit.

    Raises:
        UserError: A limit that is not positive, or an unknown one.
    """

    def __init__(
        self, iters: int | None = None, minutes: float | None = None, **unknown: object
    ) -> None:
        limits = [limit for limit in (iters, minutes) if limit is not None]
        if unknown or any(limit <= 0 for limit in limits):
            given = dict(iters=iters, minutes=minutes, **unknown)
            raise UserError(
                f'save_interval={given} of the checkpoint hook does not fit; give positive iters and/or minutes.'
            )
        self.iters = iters
        self.minutes = minutes
        self.last = 0
        self._since = time.monotonic()

    def restart(self, done: int) -> None:
        """Count anew, ``done`` iterations being saved."""
        self.last = done
        self._since = time.monotonic()

    def over(self, done: int) -> bool:
        """Whether a limit has been reached after ``done`` iterations."""
        by_iters = self.iters is not None and done - self.last >= self.iters
        by_time = self.minutes is not None and time.monotonic() - self._since >= 60 * self.minutes
        return by_iters or by_time
