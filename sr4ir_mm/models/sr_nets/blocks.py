"""Layers that several SR networks share."""

from __future__ import annotations

from torch import Tensor, nn


class Residual(nn.Sequential):
    """Adds its input to what its layers make of it."""

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) features to features of that shape."""
        return features + super().forward(features)


def conv3x3(inputs: int, outputs: int) -> nn.Conv2d:
    """A 3x3 convolution that keeps the size."""
    return nn.Conv2d(inputs, outputs, 3, padding=1)
