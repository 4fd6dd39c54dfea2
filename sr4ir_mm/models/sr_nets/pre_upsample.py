"""Networks that need help to take any LR image: those of scale 1, and those that need sides to be divisible."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from sr4ir_mm.models.data_preprocessors.lr_hr import extend
from sr4ir_mm.models.sr_nets.build import build_sr_net
from sr4ir_mm.registry import MODELS
from sr4ir_mm.utils.checks import check_number


@MODELS.register_module()
class PreUpsample(nn.Module):
    """Upsample first, then let a restoration network of scale 1 (NAFNet, Restormer) repair the image.

    Args:
        net: Config of the network, or a built one; it maps (N, 3, H, W) to the same shape. None upsamples alone.
        scale: Factor of the upsampling.
        mode: Of ``torch.nn.functional.interpolate``.
        antialias: Of the same; with it, bicubic is that of PIL and MATLAB.
        divisor: Sides are extended by reflection to a multiple of this and cropped afterwards; networks that halve
            the image k times need 2 ** k.

    Config::

        sr_net = dict(
            type='sr4ir_mm.PreUpsample',
            scale=4,
            net=dict(type='mmagic.Restormer', inp_channels=3, out_channels=3))
    """

    def __init__(
        self,
        net: dict | nn.Module | None,
        scale: int,
        mode: str = 'bicubic',
        divisor: int = 8,
        antialias: bool = False,
    ) -> None:
        super().__init__()
        self.scale = check_number('PreUpsample scale', scale, least=1, whole=True)
        self.divisor = check_number('PreUpsample divisor', divisor, least=1, whole=True)
        self.mode = mode
        self.antialias = antialias
        self.net = nn.Identity() if net is None else build_sr_net(net)

    def forward(self, lr_rgb01: Tensor) -> Tensor:
        """Super-resolve.

        Args:
            lr_rgb01: (N, 3, H, W), image space.

        Returns:
            (N, 3, scale H, scale W), image space.
        """
        corners = None if self.mode in ('nearest', 'area') else False
        up_rgb01 = F.interpolate(
            lr_rgb01,
            scale_factor=self.scale,
            mode=self.mode,
            align_corners=corners,
            antialias=self.antialias,
        )
        height, width = up_rgb01.shape[-2:]
        target = tuple(-(-side // self.divisor) * self.divisor for side in (height, width))
        return self.net(extend(up_rgb01, target))[..., :height, :width]


@MODELS.register_module()
class PaddedSR(nn.Module):
    """Extend LR images by reflection until their sides are divisible, and crop the SR image accordingly.

    Args:
        net: Config of an SR network, or a built one.
        divisor: What the network needs its input's sides to be a multiple of; 2 for RRDBNet at scale 2.

    Config::

        sr_net = dict(type='sr4ir_mm.PaddedSR', divisor=2, net=dict(type='mmagic.RRDBNet', upscale_factor=2, ...))
    """

    def __init__(self, net: dict | nn.Module, divisor: int) -> None:
        super().__init__()
        self.divisor = check_number('PaddedSR divisor', divisor, least=1, whole=True)
        self.net = build_sr_net(net)

    def forward(self, lr_rgb01: Tensor) -> Tensor:
        """Super-resolve (N, 3, H, W) to (N, 3, scale H, scale W), both in image space."""
        height, width = lr_rgb01.shape[-2:]
        target = tuple(-(-side // self.divisor) * self.divisor for side in (height, width))
        sr_rgb01 = self.net(extend(lr_rgb01, target))
        scale = sr_rgb01.shape[-1] // target[1]
        return sr_rgb01[..., : scale * height, : scale * width]
