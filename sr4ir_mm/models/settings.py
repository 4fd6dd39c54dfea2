"""Arguments of the wrapper model, checked and completed."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

from torch import nn

from sr4ir_mm.models.data_preprocessors import LRHRDataPreprocessor
from sr4ir_mm.models.phases import KINDS
from sr4ir_mm.registry import MODELS
from sr4ir_mm.utils.errors import UserError

_TEST_CFG = dict(input='hr', image=None, predict_task=True, coordinates='lr')


def sort_preprocessor(cfg: dict | None) -> tuple[dict, dict | None]:
    """Tell our own preprocessor arguments from a task library's preprocessor config."""
    cfg = dict(cfg or {})
    # mmpretrain writes its own without a type.
    ours = set(cfg) - {'type'} <= set(inspect.signature(LRHRDataPreprocessor).parameters)
    kind = cfg.get('type', 'LRHRDataPreprocessor' if ours else 'ClsDataPreprocessor')
    if str(kind).rpartition('.')[2] == 'LRHRDataPreprocessor':
        cfg.pop('type', None)
        return cfg, None
    return {}, cfg


def check_test_cfg(cfg: Mapping | None, has_sr: bool) -> dict:
    """Complete ``test_cfg``.

    Raises:
        UserError: Unknown keys, or an image kind that cannot be shown.
    """
    unknown = sorted(set(cfg or {}) - set(_TEST_CFG))
    if unknown:
        raise UserError(f'test_cfg has unknown keys {unknown}; it takes {sorted(_TEST_CFG)}.')
    merged = {**_TEST_CFG, **(cfg or {})}
    merged['image'] = merged['image'] or ('sr' if has_sr else 'up')
    if merged['image'] not in KINDS[:3] or (merged['image'] == 'sr' and not has_sr):
        raise UserError(
            f"test_cfg.image={merged['image']!r} cannot be shown; choose 'hr', 'up' or, with an sr_net, 'sr'."
        )
    return merged


def build_degradation(cfg: Mapping | None, scale: int) -> nn.Module:
    """Build the degradation, bicubic by default.

    Raises:
        UserError: Its scale is not the model's.
    """
    degradation = MODELS.build(
        {'type': 'sr4ir_mm.BicubicDegradation', 'scale': scale, **(cfg or {})}
    )
    if getattr(degradation, 'scale', scale) != scale:
        raise UserError(
            f'The degradation has scale {degradation.scale}, the model {scale}; make them equal.'
        )
    return degradation
