"""Distillation of a network that saw HR images into one that sees others."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor

from sr4ir_mm.models.losses.tdp import TDPLoss, channel_axis
from sr4ir_mm.registry import MODELS
from sr4ir_mm.utils.checks import check_number


@MODELS.register_module()
class DistillLoss(TDPLoss):
    """Distance of the task network's features on the images it is shown from an HR-trained network's on HR images.

    Unlike the TDP loss, which trains the SR network, this one trains the task network.

    Args:
        layers: As in :class:`TDPLoss`.
        weights: As in :class:`TDPLoss`.
        weight: As in :class:`TDPLoss`.
        criterion: ``'l1'``, ``'mse'``, or ``'kl'`` for logits (a layer such as ``'head.fc'``): the Kullback-Leibler
            divergence over channels, mean over samples and positions, times the square of the temperature.
        temperature: Of ``'kl'``.

    Source: the L1 form is EDTR's feature matching (methods.md 6); ``'kl'`` is Hinton et al., 2015.
    """

    def __init__(
        self,
        layers: Sequence[str] | None = None,
        weights: Sequence[float] | None = None,
        weight: float = 1.0,
        criterion: str = 'l1',
        temperature: float = 4.0,
    ) -> None:
        divergence = criterion == 'kl'
        super().__init__(layers, weights, weight, 'l1' if divergence else criterion)
        self.temperature = check_number('DistillLoss temperature', temperature, least=1e-3)
        if divergence:
            self.criterion = criterion

    def distance(self, student: Tensor, teacher: Tensor) -> Tensor:
        """Scalar distance of one layer's features, (N, C, ...) or tokens (N, L, C) each."""
        if self.criterion != 'kl':
            return super().distance(student, teacher)
        axis = channel_axis(student)
        first, second = (f.movedim(axis, -1) / self.temperature for f in (student, teacher))
        divergence = F.kl_div(first.log_softmax(-1), second.softmax(-1), reduction='none').sum(-1)
        return self.temperature**2 * divergence.mean()
