"""A discriminator of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor, nn

from sr4ir_mm.registry import MODELS
from sr4ir_mm.utils.checks import check_number


@MODELS.register_module()
class ImageDiscriminator(nn.Module):
    """Says of an image of any size whether it is real: strided convolutions, mean over positions, one linear layer.

    It is SRGAN's in the large, without normalisation, whose statistics would mix real and fake images.

    Args:
        mid_channels: Of the first of four stages; each has twice as many as the one before it.

    Source: methods.md 1 (reconstructed); Ledig et al., CVPR 2017.
    """

    #: It needs no features of the task network.
    layers: ClassVar[Sequence[str]] = ()

    def __init__(self, mid_channels: int = 64) -> None:
        super().__init__()
        check_number('ImageDiscriminator mid_channels', mid_channels, least=1, whole=True)
        widths = [3, *(mid_channels * 2**stage for stage in range(4))]
        stages = zip(widths, widths[1:], strict=False)
        self.stages = nn.Sequential(*(_stage(inputs, outputs) for inputs, outputs in stages))
        self.linear = nn.Linear(widths[-1], 1)

    def forward(self, image_rgb01: Tensor) -> Tensor:
        """(N, 3, H, W) images in image space to (N,) logits, positive for real."""
        features = self.stages(2 * image_rgb01 - 1)
        return self.linear(features.mean(dim=(2, 3))).squeeze(1)


def _stage(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1),
        nn.LeakyReLU(0.2, inplace=True),
        nn.Conv2d(outputs, outputs, 3, stride=2, padding=1),
        nn.LeakyReLU(0.2, inplace=True),
    )
