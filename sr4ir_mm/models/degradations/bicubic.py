"""Bicubic degradation, the paper's."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sr4ir_mm.registry import MODELS
from sr4ir_mm.utils.checks import check_number
from sr4ir_mm.utils.images import quantize_rgb01


@MODELS.register_module()
class BicubicDegradation(nn.Module):
    """Bicubic downscaling, the degradation of every SR4IR benchmark.

    Args:
        scale: Downscaling factor, > 1.
        antialias: Filter before sampling, as PIL and MATLAB do. The reference does not.
        quantize: Round the LR image to 8 bits, as a stored image would be.

    Source: methods.md 5.1, ``F.interpolate(hr, scale_factor=1/s, mode='bicubic')``.
    """

    def __init__(self, scale: int, antialias: bool = False, quantize: bool = True) -> None:
        super().__init__()
        self.scale = check_number('Degradation scale', scale, least=1, whole=True)
        self.antialias = antialias
        self.quantize = quantize

    @torch.no_grad()
    def forward(self, hr_rgb01: Tensor) -> Tensor:
        """Degrade a batch.

        Args:
            hr_rgb01: (N, 3, H, W), RGB, float, [0, 1]; H and W divisible by the scale.

        Returns:
            (N, 3, H / scale, W / scale), RGB, [0, 1] if quantised.
        """
        lr_rgb01 = F.interpolate(
            hr_rgb01, scale_factor=1 / self.scale, mode='bicubic', antialias=self.antialias
        )
        return quantize_rgb01(lr_rgb01) if self.quantize else lr_rgb01

    def extra_repr(self) -> str:
        """Arguments, for printing the model."""
        return f'scale={self.scale}, antialias={self.antialias}, quantize={self.quantize}'
