"""Adversarial loss on real/fake logits."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sr4ir_mm.registry import MODELS
from sr4ir_mm.utils.checks import check_number


@MODELS.register_module()
class AdversarialLoss(nn.Module):
    """Binary cross-entropy of real/fake logits; the same class serves both sides of the game.

    The discriminator learns to call HR images real and SR images fake, the SR network to have its images called real
    (the form that does not saturate: minus the logarithm of what is wanted).

    Args:
        weight: Factor of the loss. 0.001 in the SR4IR paper's SOD-MTGAN, on both sides.

    Source: methods.md 4.
    """

    def __init__(self, weight: float = 0.001) -> None:
        super().__init__()
        self.weight = check_number('AdversarialLoss weight', weight)

    def forward(self, logits: Tensor, real: bool) -> Tensor:
        """Weighted mean over a batch.

        Args:
            logits: (N,), positive for images taken to be real.
            real: What the images are to be called.

        Returns:
            Scalar, >= 0.
        """
        logits = logits.float()
        target = torch.full_like(logits, float(real))
        return self.weight * F.binary_cross_entropy_with_logits(logits, target)
