"""Bicubic degradation, the paper's."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from sr4ir_mm.models.degradations.base import Degradation
from sr4ir_mm.registry import MODELS
from sr4ir_mm.utils.images import quantize_rgb01


@MODELS.register_module()
class BicubicDegradation(Degradation):
    """Bicubic downscaling, the degradation of every SR4IR benchmark.

    Args:
        scale: Downscaling factor, > 1.
        antialias: Filter before sampling, as PIL and MATLAB do. The reference does not.
        quantize: Round the LR image to 8 bits, as a stored image would be.

    Source: methods.md 5.1, ``F.interpolate(hr, scale_factor=1/s, mode='bicubic')``.
    """

    def __init__(self, scale: int, antialias: bool = False, quantize: bool = True) -> None:
        super().__init__(scale)
        self.antialias = antialias
        self.quantize = quantize

    @torch.no_grad()
    def forward(self, hr_rgb01: Tensor, seeds: Sequence[int] | None = None) -> Tensor:
        """See :class:`Degradation`."""
        lr_rgb01 = F.interpolate(
            hr_rgb01, scale_factor=1 / self.scale, mode='bicubic', antialias=self.antialias
        )
        return quantize_rgb01(lr_rgb01) if self.quantize else lr_rgb01

    def extra_repr(self) -> str:
        """Arguments, for printing the model."""
        return f'scale={self.scale}, antialias={self.antialias}, quantize={self.quantize}'
