"""Class scores and box offsets of a region's crop, as the heads of two-stage detectors give them."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmpretrain.models.heads import LinearClsHead
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from sr4ir_mm.registry import MODELS
from sr4ir_mm.structures import Losses


@MODELS.register_module()
class CropHead(LinearClsHead):
    """Classify a crop, background included, and say how its box should have been.

    Ground truth is the label, of which the last stands for background, and ``box_deltas``, four offsets in the coding
    of mmdet's ``DeltaXYWHBBoxCoder`` (ignored for background).

    Args:
        num_classes: Classes, background included.
        in_channels: Channels of the pooled features.
        box_weight: Factor of the box loss, a smooth L1 loss of the true class's offsets, summed over the four and
            averaged over the crops that are no background.
        kwargs: Arguments of ``LinearClsHead``.

    Source: methods.md 4, the discriminator of SOD-MTGAN; its real/fake score is :class:`RealFakeBranch`.
    """

    def __init__(
        self, num_classes: int, in_channels: int, box_weight: float = 1.0, **kwargs: object
    ) -> None:
        super().__init__(num_classes, in_channels, **kwargs)
        self.box_weight = box_weight
        self.fc_box = nn.Linear(in_channels, 4 * num_classes)

    def loss(
        self, feats: tuple[Tensor], data_samples: Sequence[DataSample], **kwargs: object
    ) -> Losses:
        """Losses by name: ``loss`` of the classes and ``loss_box``."""
        losses = super().loss(feats, data_samples, **kwargs)
        deltas = self._deltas_by_class(feats)
        labels = torch.cat([sample.gt_label for sample in data_samples])
        wanted = deltas.new_tensor([list(sample.box_deltas) for sample in data_samples])
        rows = F.smooth_l1_loss(_of_class(deltas, labels), wanted, reduction='none').sum(1)
        objects = labels < self.num_classes - 1
        losses['loss_box'] = self.box_weight * (rows * objects).sum() / objects.sum().clamp(min=1)
        return losses

    def predict(
        self, feats: tuple[Tensor], data_samples: Sequence[DataSample | None] | None = None
    ) -> list[DataSample]:
        """Predictions; each sample gets ``pred_deltas``, (4,) of the most likely object class."""
        samples = super().predict(feats, data_samples)
        objects = torch.stack([sample.pred_score[:-1].argmax() for sample in samples])
        for sample, deltas in zip(
            samples, _of_class(self._deltas_by_class(feats), objects), strict=True
        ):
            sample.set_field(deltas, 'pred_deltas')
        return samples

    def _deltas_by_class(self, feats: tuple[Tensor]) -> Tensor:
        """(N, classes, 4)."""
        return self.fc_box(self.pre_logits(feats)).float().unflatten(1, (self.num_classes, 4))


def _of_class(deltas: Tensor, labels: Tensor) -> Tensor:
    """(N, classes, 4) to (N, 4)."""
    return deltas[torch.arange(len(labels), device=labels.device), labels]
