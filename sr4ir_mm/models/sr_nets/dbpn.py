"""D-DBPN."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sr4ir_mm.registry import MODELS
from sr4ir_mm.utils.errors import UserError

#: Scale -> kernel, stride and padding of every projection.
_PROJECTIONS = {2: (6, 2, 2), 4: (8, 4, 2), 8: (12, 8, 2)}


@MODELS.register_module()
class DBPNNet(nn.Module):
    """Dense deep back-projection network: features go up and down again, stage by stage, and each projection corrects
    itself by what it did not reproduce.

    Maps (N, 3, H, W) to (N, 3, scale H, scale W), RGB in [0, 1] without a shift of the mean. With its defaults it has
    5,953,526, 10,426,358 and 23,205,878 parameters for x2, x4 and x8.

    Args:
        scale: 2, 4 or 8.
        base_channels: Features that are projected.
        feat_channels: Features of the first convolution.
        num_stages: Up-projections.

    Raises:
        UserError: Another scale, or fewer than three stages.

    Source: Haris et al., CVPR 2018; methods.md 2 (seven stages, no global residual).
    """

    def __init__(
        self, scale: int, base_channels: int = 64, feat_channels: int = 256, num_stages: int = 7
    ) -> None:
        super().__init__()
        if scale not in _PROJECTIONS:
            raise UserError(f'DBPNNet got scale={scale}; it takes {sorted(_PROJECTIONS)}.')
        if num_stages < 3:
            raise UserError(f'DBPNNet got num_stages={num_stages}; expected at least 3.')
        shape = (base_channels, *_PROJECTIONS[scale])
        self.feat0 = _with_prelu(nn.Conv2d(3, feat_channels, 3, padding=1))
        self.feat1 = _with_prelu(nn.Conv2d(feat_channels, base_channels, 1))
        # The first two up-projections and the first down-projection see one map, the others all maps before them.
        self.ups = nn.ModuleList(
            Projection(*shape, up=True, maps=max(1, index)) for index in range(num_stages)
        )
        self.downs = nn.ModuleList(
            Projection(*shape, up=False, maps=index + 1) for index in range(num_stages - 1)
        )
        self.output = nn.Conv2d(num_stages * base_channels, 3, 3, padding=1)
        self.apply(_init)

    def forward(self, lr_rgb01: Tensor) -> Tensor:
        """(N, 3, H, W) LR images to (N, 3, scale H, scale W) SR images."""
        low, high = [self.feat1(self.feat0(lr_rgb01))], []
        for index, up in enumerate(self.ups):
            high.insert(0, up(low))
            if index == 0:
                # The first features are not among the maps that later projections see.
                low = []
            if index < len(self.downs):
                low.insert(0, self.downs[index](high))
        return self.output(torch.cat(high, 1))


class Projection(nn.Module):
    """Project maps up or down, back, and add the projected difference.

    Args:
        channels: Of every map.
        kernel: Size.
        stride: The scale.
        padding: On each side.
        up: From low to high resolution.
        maps: How many maps come in; several are first squeezed into one.
    """

    def __init__(
        self, channels: int, kernel: int, stride: int, padding: int, up: bool, maps: int
    ) -> None:
        super().__init__()
        there, back = (nn.ConvTranspose2d, nn.Conv2d) if up else (nn.Conv2d, nn.ConvTranspose2d)
        shape = (channels, channels, kernel, stride, padding)
        self.squeeze = (
            _with_prelu(nn.Conv2d(maps * channels, channels, 1)) if maps > 1 else nn.Identity()
        )
        self.project = _with_prelu(there(*shape))
        self.back = _with_prelu(back(*shape))
        self.correct = _with_prelu(there(*shape))

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Maps (N, C, H, W), newest first, to one at the other resolution."""
        features = self.squeeze(torch.cat(list(maps), 1))
        projected = self.project(features)
        return projected + self.correct(self.back(projected) - features)


def _with_prelu(convolution: nn.Module) -> nn.Sequential:
    return nn.Sequential(convolution, nn.PReLU())


def _init(module: nn.Module) -> None:
    if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.kaiming_normal_(module.weight)
        nn.init.zeros_(module.bias)
