"""The reference's learning-rate schedule."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate

from mmengine.optim import BaseOptimWrapper
from mmengine.optim.scheduler.lr_scheduler import LRSchedulerMixin
from mmengine.optim.scheduler.param_scheduler import INF, _ParamScheduler
from torch.optim import Optimizer

from sr4ir_mm.registry import PARAM_SCHEDULERS
from sr4ir_mm.structures import first_active_iter
from sr4ir_mm.utils.errors import UserError


def cosine_restart_value(
    step: int, base: float, eta_min: float, periods: Sequence[int], weights: Sequence[float]
) -> float:
    """Cosine annealing with restarts in closed form.

    The period of a step is the first whose end is not before it, so that the step on a boundary has ``eta_min`` and the
    restart comes one step later, as in the reference. After the last period the value stays at ``eta_min``.

    Args:
        step: Steps done, >= 0.
        base: Value at the start of a period of weight 1.
        eta_min: Least value.
        periods: Lengths of the periods in steps.
        weights: Factor of each period's amplitude.
    """
    ends = list(accumulate(periods))
    index = next((i for i, end in enumerate(ends) if step <= end), None)
    if index is None:
        return eta_min
    phase = (step - ends[index] + periods[index]) / periods[index]
    return eta_min + weights[index] * 0.5 * (base - eta_min) * (1 + math.cos(math.pi * phase))


@PARAM_SCHEDULERS.register_module()
class WarmupCosineRestartLR(LRSchedulerMixin, _ParamScheduler):
    """Cosine annealing with restarts, after a linear warm-up during which it stands still.

    All lengths are in epochs if ``by_epoch`` (use ``convert_to_iter_based=True`` for a step an iteration, as the
    reference does), else in iterations. Without ``periods`` the schedule fits the length of the training, whatever that
    is; mmengine gives it as ``end``.

    Args:
        optimizer: Optimizer or its wrapper.
        periods: Lengths of the cosine periods. None derives them: one period as long as the training, or, with
            ``restart``, one up to there and one to the end.
        eta_min: Least learning rate.
        restart_weights: Factor of each period, 1 by default.
        warmup: Length W of the warm-up; the rate rises from base / W to base.
        restart: Share of the training after which the rate restarts, or ``'loss_start'`` for the share after which the
            model's late loss starts (``tdp=dict(begin=0.1)``), so that both come from one setting; a model without
            such a loss has no restart then.
        kwargs: ``begin``, ``end``, ``last_step``, ``by_epoch``, ``verbose`` of mmengine's schedulers.

    Config::

        dict(type='sr4ir_mm.WarmupCosineRestartLR', restart='loss_start', warmup=1, eta_min=1e-6, by_epoch=True,
             convert_to_iter_based=True)

    Raises:
        UserError: Lengths or shares that make no schedule.

    Source: methods.md 5.3.
    """

    def __init__(
        self,
        optimizer: Optimizer | BaseOptimWrapper,
        periods: Sequence[int] | None = None,
        eta_min: float = 0.0,
        restart_weights: Sequence[float] | None = None,
        warmup: int = 0,
        restart: float | str | None = None,
        **kwargs: object,
    ) -> None:
        self.warmup = round(warmup)
        if periods is None:
            total = kwargs.get('end', INF) - kwargs.get('begin', 0)
            periods = derived_periods(total, self.warmup, restart_share(restart, optimizer))
        elif restart is not None:
            raise UserError(
                f'WarmupCosineRestartLR got periods={list(periods)} and restart={restart!r}; give one of the two.'
            )
        weights = [1.0] * len(periods) if restart_weights is None else list(restart_weights)
        if len(weights) != len(periods) or not periods or min(periods) <= 0:
            raise UserError(
                f'periods={periods} and restart_weights={weights} must be positive and as many.'
            )
        self.periods = [round(period) for period in periods]
        self.eta_min = eta_min
        self.restart_weights = weights
        kwargs.pop('param_name', None)
        super().__init__(optimizer, **kwargs)

    @classmethod
    def build_iter_from_epoch(
        cls,
        *args: object,
        periods: Sequence[float] | None = None,
        warmup: float = 0,
        begin: int = 0,
        end: int = INF,
        by_epoch: bool = True,
        epoch_length: int | None = None,
        **kwargs: object,
    ) -> WarmupCosineRestartLR:
        """Build the per-iteration scheduler from lengths in epochs."""
        return cls(
            *args,
            periods=None if periods is None else [period * epoch_length for period in periods],
            warmup=warmup * epoch_length,
            begin=int(begin * epoch_length),
            end=end if end == INF else int(end * epoch_length),
            by_epoch=False,
            **kwargs,
        )

    def _get_value(self) -> list[float]:
        return [self._value(base) for base in self.base_values]

    def _value(self, base: float) -> float:
        step = self.last_step
        if step < self.warmup:
            start = 1 / self.warmup
            return base * (start + (1 - start) * step / self.warmup)
        return cosine_restart_value(
            step - self.warmup, base, self.eta_min, self.periods, self.restart_weights
        )


def restart_share(restart: float | str | None, optimizer: object) -> float:
    """The share of the training at which the rate restarts; 0 for no restart.

    Args:
        restart: See :class:`WarmupCosineRestartLR`.
        optimizer: For ``'loss_start'`` the wrapper that ``SeparateOptimWrapperConstructor`` made.

    Raises:
        UserError: No share, or a model of which several losses start late.
    """
    if restart == 'loss_start':
        starts = getattr(optimizer, 'loss_starts', [])
        if len(starts) > 1:
            raise UserError(
                f"restart='loss_start' is ambiguous, as losses start after {starts} of the training; give one share."
            )
        return starts[0] if starts else 0.0
    if restart is None:
        return 0.0
    if not isinstance(restart, (int, float)) or not 0 <= restart < 1:
        raise UserError(
            f"restart={restart!r} is neither a share of the training in [0, 1) nor 'loss_start'."
        )
    return float(restart)


def derived_periods(total: int, warmup: int, share: float) -> list[int]:
    """Periods of a training of ``total`` steps.

    Without a restart there is one of the whole length, in which the reference counts the warm-up as well, so that its
    detection baselines end a little above the least rate. A restart within the warm-up is none: the rate rises anyway.

    Raises:
        UserError: The length is not known.
    """
    if total >= INF:
        raise UserError(
            'WarmupCosineRestartLR got neither periods nor the length of the training; give periods=[...] or end=....'
        )
    restart = first_active_iter(share, total)
    if share == 0:
        return [total]
    return [restart - warmup, total - restart] if restart > warmup else [total - warmup]
