"""Degradations composed of steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from sr4ir_mm.models.degradations.base import Degradation, Dice, draw_seeds
from sr4ir_mm.models.degradations.steps import check_modes, resize
from sr4ir_mm.registry import MODELS
from sr4ir_mm.utils.images import quantize_rgb01


@MODELS.register_module()
class DegradationChain(Degradation):
    """Steps one after another, then a resize to the LR size if they have left another, then 8 bits.

    A second-order degradation names its steps twice. Every random number of a sample comes from the sample's own seed:
    in evaluation from its name, so that a sample is degraded the same way in every run, batch and process.

    Args:
        scale: Factor between HR and LR images; 1 for degradations that leave images at full size.
        steps: Configs, such as ``dict(type='sr4ir_mm.GaussianBlur', sigma=(0.2, 3.0))``.
        mode: Of the last resize.
        antialias: Of the last resize.
        quantize: Clamp the LR image and round it to 8 bits, as a stored image would be.

    Config::

        degradation = dict(
            type='sr4ir_mm.DegradationChain',
            steps=[
                dict(type='sr4ir_mm.GaussianBlur', sigma=(0.2, 3.0), anisotropic=0.5),
                dict(type='sr4ir_mm.Resize', factor=(0.2, 1.0), modes=['area', 'bilinear', 'bicubic']),
                dict(type='sr4ir_mm.GaussianNoise', sigma=(0, 10)),
                dict(type='sr4ir_mm.JPEG', quality=(50, 100)),
            ])
    """

    random = True

    def __init__(
        self,
        scale: int,
        steps: Sequence[Mapping],
        mode: str = 'bicubic',
        antialias: bool = False,
        quantize: bool = True,
    ) -> None:
        super().__init__(scale)
        self.steps = nn.ModuleList(MODELS.build(dict(step)) for step in steps)
        self.mode = check_modes([mode])[0]
        self.antialias = antialias
        self.quantize = quantize

    @torch.no_grad()
    def forward(self, hr_rgb01: Tensor, seeds: Sequence[int] | None = None) -> Tensor:
        """See :class:`Degradation`."""
        size = tuple(side // self.scale for side in hr_rgb01.shape[-2:])
        dice = Dice(draw_seeds(len(hr_rgb01)) if seeds is None else seeds, hr_rgb01.device)
        images = hr_rgb01
        for step in self.steps:
            images = step(images, dice)
        images = resize(images, size, self.mode, self.antialias)
        return quantize_rgb01(images) if self.quantize else images

    def extra_repr(self) -> str:
        """Arguments, for printing the model."""
        return f'scale={self.scale}, mode={self.mode}, antialias={self.antialias}, quantize={self.quantize}'
