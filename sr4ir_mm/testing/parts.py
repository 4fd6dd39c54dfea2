"""Time and arithmetic of one training iteration, part by part."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any

import torch
from mmengine.optim import OptimWrapperDict
from torch import Tensor, nn

PREPROCESS = 'preprocess and degrade'
SR_FORWARD = 'SR forward'
SR_AGAIN = 'SR again'
TDP_FEATURES = 'TDP features'
REST = 'rest'


class PartMeter:
    """Adds up what each part of an iteration takes; what a part calls counts for the inner part alone.

    Args:
        reading: Where a clock or a counter stands; only differences matter.
    """

    def __init__(self, reading: Callable[[], float]) -> None:
        self.reading = reading
        self.totals: dict[str, float] = defaultdict(float)
        self._stack: list[str] = []
        self._since = 0.0
        self._calls: dict[str, int] = defaultdict(int)

    @contextmanager
    def iteration(self) -> Iterator[None]:
        """Measure one iteration anew."""
        self.totals.clear()
        self._calls.clear()
        with self.part(REST):
            yield

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Measure a part."""
        self._note()
        self._stack.append(name)
        try:
            yield
        finally:
            self._note()
            self._stack.pop()

    def _note(self) -> None:
        now = self.reading()
        if self._stack:
            self.totals[self._stack[-1]] += now - self._since
        self._since = now

    def watch(
        self, owner: object, method: str, name: str, without_gradient: str | None = None
    ) -> None:
        """Have each call of a method counted as a part.

        Args:
            owner: Object whose method is wrapped, on this object alone.
            method: Its name.
            name: Of the part; with ``{}``, the number of the call within the iteration goes there.
            without_gradient: Name of calls that build no graph, if they have another.
        """
        original = getattr(owner, method)
        key = f'{id(owner)}.{method}'

        @wraps(original)
        def measured(*args: Any, **kwargs: Any) -> Any:
            self._calls[key] += 1
            plain = without_gradient is not None and not torch.is_grad_enabled()
            label = without_gradient if plain else name
            with self.part(label.format(self._calls[key])):
                return original(*args, **kwargs)

        setattr(owner, method, measured)


def watch_training(meter: PartMeter, model: nn.Module, optimizers: OptimWrapperDict) -> None:
    """Have a ``TaskDrivenSR`` and its optimizers measured part by part."""
    meter.watch(model.data_preprocessor, 'forward', PREPROCESS)
    meter.watch(model, 'super_resolve', SR_FORWARD, without_gradient=SR_AGAIN)
    for method in ('features', 'features_of'):
        meter.watch(model.adapter, method, TDP_FEATURES)
    meter.watch(model.adapter, 'loss', 'task forward {}')
    for name, wrapper in optimizers.items():
        meter.watch(wrapper, 'step', f'{name} update')
    backward = optimizers.backward

    def measured(total: Tensor, names: Sequence[str], last: bool = True) -> dict[str, Tensor]:
        with meter.part(f'{names[0] if len(names) == 1 else "joint"} backward'):
            return backward(total, names, last)

    optimizers.backward = measured
