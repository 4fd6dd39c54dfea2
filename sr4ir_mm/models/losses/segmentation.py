"""Segmentation loss of an SR network's own output layer."""

import torch.nn.functional as F
from torch import Tensor, nn

from sr4ir_mm.registry import MODELS
from sr4ir_mm.utils.checks import check_number


@MODELS.register_module()
class SegmentationLoss(nn.Module):
    """Mean cross-entropy over labelled pixels; logits of LR resolution are enlarged bilinearly.

    Args:
        weight: Factor of the loss; no source states one.
        ignore_index: Label of pixels that are left out.

    Source: methods.md 1 (reconstructed).
    """

    def __init__(self, weight: float = 0.1, ignore_index: int = 255) -> None:
        super().__init__()
        self.weight = check_number('SegmentationLoss weight', weight)
        self.ignore_index = ignore_index

    def forward(self, logits: Tensor, labels: Tensor, scale: int) -> Tensor:
        """Scalar loss.

        Args:
            logits: (N, K, h, w) of LR images.
            labels: (N, H, W), 0 to K - 1 or ``ignore_index``, with H <= scale h and W <= scale w: LR images may stand
                for HR images that were padded to a multiple of the scale.
            scale: Factor between both.
        """
        enlarged = F.interpolate(logits, scale_factor=scale, mode='bilinear', align_corners=False)
        height, width = labels.shape[-2:]
        losses = F.cross_entropy(
            enlarged[..., :height, :width],
            labels,
            ignore_index=self.ignore_index,
            reduction='none',
        )
        # Zero, and not 0 / 0, for a batch without any label.
        labelled = (labels != self.ignore_index).sum().clamp(min=1)
        return self.weight * losses.sum() / labelled
