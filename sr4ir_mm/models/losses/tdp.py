"""Task-driven perceptual (TDP) loss."""

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from sr4ir_mm.models.losses.pixel import check_distance, distance, elementwise
from sr4ir_mm.registry import MODELS
from sr4ir_mm.utils.checks import check_names, check_number
from sr4ir_mm.utils.errors import UserError


@MODELS.register_module()
class TDPLoss(nn.Module):
    """Distance of SR and HR images in the feature space of the task network that is being trained.

    The loss only compares; taking the features (task network frozen and in eval mode, gradient through the SR image)
    is the SR phase's part.

    Args:
        layers: Which features, see :meth:`TaskAdapter.features`: ``'backbone.3'``, ``'neck.0'``
            (outputs by index) or any module by name. None leaves the choice to the task adapter.
        weights: One factor a layer. None is 1 / number of layers each, which is the paper's choice: 1.0 for one layer,
            0.5 each for two FPN levels.
        weight: Factor of the whole loss.
        criterion: ``'l1'`` (paper), ``'mse'`` or ``'frobenius'`` (FDSR's two readings).
        detach_hr: Take HR features as constants. False only for the joint ablation.
        nets: Networks whose features are compared, the mean of them: ``'task_net'``, ``'extractor'`` (an HR-trained
            one that is not trained any more) or both. None is the model's extractor if it has one, else the task
            network.
        normalize: Divide the channels of each position by their norm first, so that only directions are compared.
        in_parts: Take features and their gradient of a few images (as many as fill 512 x 512 px) after the other: the
            same up to rounding, and memory holds the graph of a part. None does so on the CPU.
        task_weighted: Weigh the distance of each element by how much the task's own loss of the HR image depends on it:
            the absolute value of that loss's gradient to the HR features, a constant, with mean 1 over each layer and
            image. Errors that the task does not see then cost little, and those that it decides by cost more. The whole
            batch is then passed at once, the HR images with labels and, for the losses, in train mode but for
            statistics and dropout.

    Config::

        dict(type='sr4ir_mm.TDPLoss', layers=['neck.0', 'neck.1'], weights=[0.5, 0.5])

    Raises:
        UserError: ``task_weighted`` with ``'frobenius'``, which has no elements, or without ``detach_hr``.

    Source: Kim et al., CVPR 2024; methods.md 5.4 and 8.3; ``task_weighted`` is this project's own.
    """

    def __init__(
        self,
        layers: Sequence[str] | None = None,
        weights: Sequence[float] | None = None,
        weight: float = 1.0,
        criterion: str = 'l1',
        detach_hr: bool = True,
        nets: Sequence[str] | None = None,
        normalize: bool = False,
        in_parts: bool | None = None,
        task_weighted: bool = False,
    ) -> None:
        super().__init__()
        if weights is not None and layers is not None and len(weights) != len(layers):
            raise UserError(
                f'TDPLoss has {len(weights)} weights for {len(layers)} layers; give one weight a layer.'
            )
        self.layers = None if layers is None else check_names('TDPLoss layers', layers)
        self.weights = (
            None if weights is None else [check_number('TDPLoss weights', w) for w in weights]
        )
        self.weight = check_number('TDPLoss weight', weight)
        self.criterion = check_distance(criterion)
        self.detach_hr = detach_hr
        self.nets = None if nets is None else check_names('TDPLoss nets', nets)
        self.normalize = normalize
        if in_parts not in (None, True, False):
            raise UserError(
                f'TDPLoss in_parts={in_parts!r} is out of place; expected True, False or None.'
            )
        self.in_parts = in_parts
        self.task_weighted = task_weighted
        if task_weighted and (criterion == 'frobenius' or not detach_hr):
            raise UserError(
                f'TDPLoss(task_weighted=True) got criterion={criterion!r} and detach_hr={detach_hr}, but weighs '
                "elements by constants of the HR images; use 'l1' or 'mse' and leave detach_hr on."
            )

    def forward(
        self,
        sr_features: Sequence[Tensor],
        hr_features: Sequence[Tensor],
        importance: Sequence[Tensor] | None = None,
    ) -> Tensor:
        """Weighted mean distance; gradient flows to ``sr_features`` only, unless ``detach_hr`` is off.

        Args:
            sr_features: Features of the SR images, one tensor a layer, any shape.
            hr_features: Features of the HR images, same shapes, same order.
            importance: Factor of each element's distance, same shapes, same order; None for 1 each.

        Returns:
            Scalar, >= 0: mean over each layer's elements, summed over layers times their weights.

        Raises:
            ValueError: Number of layers or any shape differs.
        """
        shapes = [tuple(f.shape) for f in sr_features], [tuple(f.shape) for f in hr_features]
        if shapes[0] != shapes[1]:
            raise ValueError(
                f'SR features have shapes {shapes[0]}, HR features {shapes[1]}; they must agree.'
            )
        weights = self._layer_weights(len(sr_features))
        factors = [()] * len(weights) if importance is None else [(item,) for item in importance]
        total = sum(
            weight * self.distance(sr, hr.detach() if self.detach_hr else hr, *factor)
            for weight, sr, hr, factor in zip(
                weights, sr_features, hr_features, factors, strict=True
            )
        )
        return self.weight * total

    def distance(self, sr: Tensor, hr: Tensor, importance: Tensor | None = None) -> Tensor:
        """Scalar distance of one layer's features of equal shape."""
        if self.normalize:
            axis = channel_axis(sr)
            sr, hr = F.normalize(sr, dim=axis), F.normalize(hr, dim=axis)
        if importance is None:
            return distance(self.criterion, sr, hr)
        return (importance * elementwise(self.criterion, sr, hr)).mean()

    def _layer_weights(self, count: int) -> list[float]:
        if self.weights is None:
            return [1 / count] * count
        if len(self.weights) != count:
            raise ValueError(f'TDPLoss has {len(self.weights)} weights but got {count} features.')
        return self.weights


def channel_axis(feature: Tensor) -> int:
    """Where channels are: at the end of tokens (N, L, C), second in maps and vectors."""
    return 2 if feature.ndim == 3 else 1
