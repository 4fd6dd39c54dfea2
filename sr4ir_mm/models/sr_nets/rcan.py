"""RCAN."""

from __future__ import annotations

import math

from torch import Tensor, nn

from sr4ir_mm.models.sr_nets.blocks import Residual, conv3x3
from sr4ir_mm.registry import MODELS
from sr4ir_mm.utils.errors import UserError

_DIV2K_MEAN = (0.4488, 0.4371, 0.4040)


@MODELS.register_module()
class RCANNet(nn.Module):
    """Residual channel attention network.

    Maps (N, 3, H, W) to (N, 3, scale H, scale W), RGB in [0, 1]; computes in [0, 255] around the mean colour of
    DIV2K, as the official weights do.

    Args:
        scale: A power of 2.
        mid_channels: Features.
        num_groups: Residual groups.
        num_blocks: Attention blocks of a group.
        reduction: Channels to those inside the attention.

    Raises:
        UserError: Another scale.

    Source: Zhang et al., ECCV 2018.
    """

    def __init__(
        self,
        scale: int,
        mid_channels: int = 64,
        num_groups: int = 10,
        num_blocks: int = 20,
        reduction: int = 16,
    ) -> None:
        super().__init__()
        stages = round(math.log2(scale)) if scale > 0 else 0
        if stages < 1 or 2**stages != scale:
            raise UserError(f'RCANNet got scale={scale}; it takes powers of 2.')
        self.register_buffer('mean', Tensor(_DIV2K_MEAN).view(1, 3, 1, 1), persistent=False)
        self.head = conv3x3(3, mid_channels)
        self.groups = nn.ModuleList(
            Residual(
                *(_attention_block(mid_channels, reduction) for _ in range(num_blocks)),
                conv3x3(mid_channels, mid_channels),
            )
            for _ in range(num_groups)
        )
        self.after_groups = conv3x3(mid_channels, mid_channels)
        self.upsample = nn.ModuleList(
            conv3x3(mid_channels, 4 * mid_channels) for _ in range(stages)
        )
        self.shuffle = nn.PixelShuffle(2)
        self.tail = conv3x3(mid_channels, 3)

    def forward(self, lr_rgb01: Tensor) -> Tensor:
        """(N, 3, H, W) LR images to (N, 3, scale H, scale W) SR images."""
        head = self.head((lr_rgb01 - self.mean) * 255)
        features = head
        for group in self.groups:
            features = group(features)
        features = self.after_groups(features) + head
        for convolution in self.upsample:
            features = self.shuffle(convolution(features))
        return self.tail(features) / 255 + self.mean


class _ChannelAttention(nn.Module):
    """Weights channels by what they hold on average."""

    def __init__(self, channels: int, reduction: int) -> None:
        super().__init__()
        self.weigh = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, channels // reduction, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels // reduction, channels, 1),
            nn.Sigmoid(),
        )

    def forward(self, features: Tensor) -> Tensor:
        return features * self.weigh(features)


def _attention_block(channels: int, reduction: int) -> Residual:
    return Residual(
        conv3x3(channels, channels),
        nn.ReLU(inplace=True),
        conv3x3(channels, channels),
        _ChannelAttention(channels, reduction),
    )
