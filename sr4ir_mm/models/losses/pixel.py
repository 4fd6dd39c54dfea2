"""Pixel loss between SR and HR images."""

import torch.nn.functional as F
from torch import Tensor, nn

from sr4ir_mm.registry import MODELS
from sr4ir_mm.utils.checks import check_number
from sr4ir_mm.utils.errors import UserError


def _frobenius(prediction: Tensor, target: Tensor) -> Tensor:
    return (prediction - target).flatten(1).norm(dim=1).mean()


_DISTANCES = {'l1': F.l1_loss, 'mse': F.mse_loss, 'frobenius': _frobenius}


def distance(name: str, prediction: Tensor, target: Tensor) -> Tensor:
    """Distance of two tensors (N, ...) of one shape.

    ``'l1'`` and ``'mse'`` are means over elements, ``'frobenius'`` is the Frobenius norm of each sample's difference,
    mean over samples.
    """
    return _DISTANCES[name](prediction, target)


def elementwise(name: str, prediction: Tensor, target: Tensor) -> Tensor:
    """Distance of each element, of ``'l1'`` and ``'mse'``, whose mean is :func:`distance`."""
    return _DISTANCES[name](prediction, target, reduction='none')


def check_distance(name: str) -> str:
    """Return ``name`` if it is a known distance.

    Raises:
        UserError: Otherwise, with the choices.
    """
    if name not in _DISTANCES:
        raise UserError(f'Distance {name!r} is unknown; choose one of {sorted(_DISTANCES)}.')
    return name


@MODELS.register_module()
class PixelLoss(nn.Module):
    """Mean pixel distance over the whole (padded) batch, as in the reference.

    Args:
        weight: Factor of the loss. The paper uses 1.0 with L1.
        criterion: ``'l1'``, ``'mse'`` or ``'frobenius'``.
    """

    def __init__(self, weight: float = 1.0, criterion: str = 'l1') -> None:
        super().__init__()
        self.weight = check_number('PixelLoss weight', weight)
        self.criterion = check_distance(criterion)

    def forward(self, sr_rgb01: Tensor, hr_rgb01: Tensor) -> Tensor:
        """Scalar loss of two (N, 3, H, W) batches in image space."""
        return self.weight * distance(self.criterion, sr_rgb01, hr_rgb01)
