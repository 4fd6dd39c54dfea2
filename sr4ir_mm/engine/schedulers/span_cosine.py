"""Cosine annealing over a share of the training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmengine.optim import BaseOptimWrapper, CosineAnnealingLR
from mmengine.optim.scheduler.param_scheduler import INF
from torch.optim import Optimizer

from sr4ir_mm.registry import PARAM_SCHEDULERS
from sr4ir_mm.utils.checks import check_number
from sr4ir_mm.utils.errors import UserError


@PARAM_SCHEDULERS.register_module()
class SpanCosineLR(CosineAnnealingLR):
    """Cosine annealing between two shares of the training, for a network that learns in a part of it only.

    Before, the rate is what other schedulers make of it; after, it stays at its least. The shares are those of
    ``SRPhase(begin=..., end=...)`` or ``TaskPhase(begin=...)``.

    Args:
        optimizer: Optimizer or its wrapper.
        span: Shares of the training where the annealing begins and ends.
        begin: First step of the training, as mmengine gives it.
        end: Last step, as mmengine gives it.
        T_max: Without effect; the period follows from ``span``.
        kwargs: ``eta_min``, ``by_epoch``, ``convert_to_iter_based`` and others of mmengine's ``CosineAnnealingLR``.

    Raises:
        UserError: The shares are not in order within 0 and 1.
    """

    def __init__(
        self,
        optimizer: Optimizer | BaseOptimWrapper,
        span: Sequence[float] = (0.0, 1.0),
        begin: int = 0,
        end: int = INF,
        T_max: int | None = None,  # noqa: N803 - mmengine's name
        **kwargs: Any,
    ) -> None:
        first, last = (check_number('span of SpanCosineLR', share, most=1.0) for share in span)
        if first >= last:
            raise UserError(f'SpanCosineLR has span={tuple(span)!r}; its first share must be less.')
        length = end - begin
        start, stop = begin + round(first * length), begin + round(last * length)
        # One step more than the period, for the last one to reach the least rate.
        period = max(stop - start, 1)
        super().__init__(optimizer, T_max=period, begin=start, end=start + period + 1, **kwargs)
