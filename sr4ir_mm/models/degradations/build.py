"""Build a degradation that fits the model's scale."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from sr4ir_mm.registry import MODELS
from sr4ir_mm.utils.errors import UserError


def build_degradation(cfg: Mapping | nn.Module | None, scale: int) -> nn.Module:
    """Build the degradation, bicubic by default.

    Args:
        cfg: Config, a built degradation, or None.
        scale: Factor between LR and HR images.

    Raises:
        UserError: Its scale is not the model's.
    """
    degradation = cfg
    if not isinstance(cfg, nn.Module):
        default = {'type': 'sr4ir_mm.BicubicDegradation', 'scale': scale}
        degradation = MODELS.build({**default, **(cfg or {})})
    if getattr(degradation, 'scale', scale) != scale:
        raise UserError(
            f'The degradation has scale {degradation.scale}, the model {scale}; make them equal.'
        )
    return degradation
