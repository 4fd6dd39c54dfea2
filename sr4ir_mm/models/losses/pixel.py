"""Pixel loss between SR and HR images."""

import torch.nn.functional as F
from torch import Tensor, nn

from sr4ir_mm.registry import MODELS

_DISTANCES = {'l1': F.l1_loss, 'mse': F.mse_loss}


def distance(name: str, prediction: Tensor, target: Tensor) -> Tensor:
    """Mean distance of two tensors of one shape: ``'l1'`` or ``'mse'``."""
    return _DISTANCES[name](prediction, target)


def check_distance(name: str) -> str:
    """Return ``name`` if it is a known distance.

    Raises:
        ValueError: Otherwise, with the choices.
    """
    if name not in _DISTANCES:
        raise ValueError(f'Distance {name!r} is unknown; choose one of {sorted(_DISTANCES)}.')
    return name


@MODELS.register_module()
class PixelLoss(nn.Module):
    """Mean pixel distance over the whole (padded) batch, as in the reference.

    Args:
        weight: Factor of the loss. The paper uses 1.0 with L1.
        criterion: ``'l1'`` or ``'mse'``.
    """

    def __init__(self, weight: float = 1.0, criterion: str = 'l1') -> None:
        super().__init__()
        self.weight = weight
        self.criterion = check_distance(criterion)

    def forward(self, sr_rgb01: Tensor, hr_rgb01: Tensor) -> Tensor:
        """Scalar loss of two (N, 3, H, W) batches in image space."""
        return self.weight * distance(self.criterion, sr_rgb01, hr_rgb01)
