"""The shared decoder: one network with an SR and a segmentation output layer."""

from __future__ import annotations

import math

from torch import Tensor, nn

from sr4ir_mm.models.sr_nets.blocks import conv3x3
from sr4ir_mm.registry import MODELS
from sr4ir_mm.utils.checks import check_number
from sr4ir_mm.utils.errors import UserError


@MODELS.register_module()
class SharedDecoderNet(nn.Module):
    """A residual trunk at LR resolution that two output layers share: one super-resolves, the other segments.

    Segmentation is there to make the trunk learn what things are; it is asked for in training alone. Super-resolving
    neither runs the segmentation layer nor needs its weights: built with ``num_classes=None``, the network loads what
    was trained with classes.

    Reconstructed from the abstract of its source, which states neither layers nor sizes: the trunk is SRResNet's
    without normalisation.

    Args:
        scale: A power of 2.
        num_classes: Of the segmentation layer, None for none.
        mid_channels: Features.
        num_blocks: Residual blocks of the trunk.

    Raises:
        UserError: Another scale.

    Source: Rad et al., Neurocomputing 398 (2020) 304-313; methods.md 1.
    """

    def __init__(
        self,
        scale: int,
        num_classes: int | None = None,
        mid_channels: int = 64,
        num_blocks: int = 16,
    ) -> None:
        super().__init__()
        stages = round(math.log2(scale)) if scale > 0 else 0
        if stages < 1 or 2**stages != scale:
            raise UserError(f'SharedDecoderNet got scale={scale}; it takes powers of 2.')
        if num_classes is not None:
            check_number('SharedDecoderNet num_classes', num_classes, least=2, whole=True)
        self.num_classes = num_classes
        self.head = nn.Sequential(conv3x3(3, mid_channels), nn.PReLU())
        self.body = nn.ModuleList(_Block(mid_channels) for _ in range(num_blocks))
        self.after_body = conv3x3(mid_channels, mid_channels)
        enlarge = [_enlarge(mid_channels) for _ in range(stages)]
        self.sr_layer = nn.Sequential(*enlarge, conv3x3(mid_channels, 3))
        if num_classes is not None:
            self.seg_layer = conv3x3(mid_channels, num_classes)

    def forward(self, lr_rgb01: Tensor, segment: bool = False) -> Tensor | tuple[Tensor, Tensor]:
        """Super-resolve, and segment if asked for.

        Args:
            lr_rgb01: (N, 3, H, W) LR images.
            segment: Whether to return both.

        Returns:
            (N, 3, scale H, scale W) SR images; with ``segment``, also (N, num_classes, H, W) logits.

        Raises:
            UserError: There is no segmentation layer to segment with.
        """
        if segment and self.num_classes is None:
            raise UserError(
                'SharedDecoderNet(num_classes=None) super-resolves alone; set model.sr_net.num_classes to train it '
                'with a segmentation loss.'
            )
        features = self._features(lr_rgb01)
        sr_rgb01 = self.sr_layer(features)
        return (sr_rgb01, self.seg_layer(features)) if segment else sr_rgb01

    def _features(self, lr_rgb01: Tensor) -> Tensor:
        head = self.head(lr_rgb01)
        features = head
        for block in self.body:
            features = block(features)
        return self.after_body(features) + head


class _Block(nn.Module):
    """Adds to its input what two convolutions make of it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            conv3x3(channels, channels), nn.PReLU(), conv3x3(channels, channels)
        )

    def forward(self, features: Tensor) -> Tensor:
        return features + self.residual(features)


def _enlarge(channels: int) -> nn.Sequential:
    return nn.Sequential(conv3x3(channels, 4 * channels), nn.PixelShuffle(2), nn.PReLU())
