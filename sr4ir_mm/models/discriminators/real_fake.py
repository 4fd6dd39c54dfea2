"""The real/fake branch of a task network."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sr4ir_mm.registry import MODELS


@MODELS.register_module()
class RealFakeBranch(nn.Module):
    """One linear layer on pooled features of the task network: with it the task network is a discriminator.

    It stands beside the task network instead of inside its head, so that any model of the zoo can have one; a phase
    that trains both lets the real/fake loss reach the task network as well.

    Args:
        in_channels: Channels of all features together; found by :func:`build_discriminator` if not given.
        layers: Features it looks at, see :meth:`TaskAdapter.features`; by default those that a TDP loss would
            compare.

    Source: methods.md 4. The paper says that the layer is in the head; where it is for segmentation and detection is
    reconstructed.
    """

    def __init__(self, in_channels: int, layers: Sequence[str]) -> None:
        super().__init__()
        self.layers = list(layers)
        self.linear = nn.Linear(in_channels, 1)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Features of N images, one tensor a layer, to (N,) logits, positive for real."""
        return self.linear(pool(features)).squeeze(1)


def pool(features: Sequence[Tensor]) -> Tensor:
    """(N, C, H, W) maps, (N, L, C) tokens or (N, C) vectors to (N, sum of C): means over positions, side by side."""
    pooled = [
        f.mean(dim=1) if f.ndim == 3 else f.flatten(2).mean(2) if f.ndim > 3 else f
        for f in features
    ]
    return torch.cat(pooled, dim=1)
