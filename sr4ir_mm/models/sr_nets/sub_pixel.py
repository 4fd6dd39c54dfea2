"""An SR network whose work is done at the resolution of its input."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sr4ir_mm.models.sr_nets.blocks import Residual, conv3x3
from sr4ir_mm.registry import MODELS
from sr4ir_mm.utils.checks import check_number

_GREY = 0.5
_SMALL = 0.1


@MODELS.register_module()
class SubPixelNet(nn.Module):
    """Residual blocks on LR features, one convolution to all pixels of a cell, added to the bicubic image.

    Maps (N, 3, H, W) to (N, 3, scale H, scale W), RGB in [0, 1]. EDSR and its kind enlarge features step by step and
    spend most of a narrow network's time on large maps of them; here only the last layer knows the scale. In front of
    a task network that is trained as it is (S->T) or in part (SR4IR-lite), its passes cost a fraction of theirs
    (docs/performance.md).

    Args:
        scale: Of the images.
        mid_channels: Features.
        num_blocks: Residual blocks of two convolutions.

    Raises:
        UserError: A size is no positive whole number.

    Source: the sub-pixel convolution of Shi et al. (CVPR 2016) behind EDSR's blocks.
    """

    def __init__(self, scale: int, mid_channels: int = 64, num_blocks: int = 16) -> None:
        super().__init__()
        self.scale = check_number('SubPixelNet scale', scale, least=1, whole=True)
        channels = check_number('SubPixelNet mid_channels', mid_channels, least=1, whole=True)
        blocks = check_number('SubPixelNet num_blocks', num_blocks, least=1, whole=True)
        self.head = conv3x3(3, channels)
        self.body = Residual(
            *(_block(channels) for _ in range(blocks)),
            conv3x3(channels, channels),
        )
        self.tail = conv3x3(channels, 3 * self.scale**2)
        # It starts close to the bicubic image.
        with torch.no_grad():
            self.tail.weight.mul_(_SMALL)
            self.tail.bias.zero_()

    def forward(self, lr_rgb01: Tensor) -> Tensor:
        """(N, 3, H, W) LR images to (N, 3, scale H, scale W) SR images."""
        details = self.tail(self.body(self.head(lr_rgb01 - _GREY)))
        up_rgb01 = F.interpolate(
            lr_rgb01, scale_factor=self.scale, mode='bicubic', align_corners=False
        )
        return up_rgb01 + F.pixel_shuffle(details, self.scale)


def _block(channels: int) -> Residual:
    return Residual(conv3x3(channels, channels), nn.ReLU(inplace=True), conv3x3(channels, channels))
