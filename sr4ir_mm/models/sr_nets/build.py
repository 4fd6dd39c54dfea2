"""Build an SR network of any library."""

from __future__ import annotations

from importlib import import_module

import torch
from mmengine.config import ConfigDict
from torch import nn

from sr4ir_mm.registry import MODELS
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.modules import eval_mode

_MMAGIC_PINS = 'mmagic==1.2.0 (pip install --no-deps), mmcv>=2.0,<2.2, numpy<2, diffusers==0.24.0'
_PROBE_SIDE = 16


def build_sr_net(cfg: dict | nn.Module) -> nn.Module:
    """Build an SR network.

    Args:
        cfg: Config such as ``dict(type='mmagic.EDSRNet', ...)``, or a built network. It maps (N, 3, H, W) to
            (N, 3, scale H, scale W), RGB, [0, 1].

    Raises:
        UserError: mmagic is needed and cannot be imported.
    """
    if isinstance(cfg, nn.Module):
        return cfg
    cfg = ConfigDict(cfg)
    scope = cfg.get('_scope_') or str(cfg['type']).rpartition('.')[0]
    if scope == 'mmagic':
        import_mmagic()
    if scope:
        cfg.setdefault('_scope_', scope)
    sr_net = MODELS.build(cfg)
    if scope == 'mmagic':
        import_module('sr4ir_mm.models.sr_nets.residual').use_in_place_blocks(sr_net)
    return sr_net


def import_mmagic() -> None:
    """Import mmagic, which takes seconds and pulls diffusers, only now."""
    try:
        import_module('mmagic.models')
    except Exception as error:
        raise UserError(
            f'The SR network comes from mmagic, which cannot be imported here ({type(error).__name__}: {error}); a '
            f'combination that works is {_MMAGIC_PINS}.'
        ) from error


@torch.no_grad()
def check_scale(sr_net: nn.Module, scale: int) -> nn.Module:
    """Return the network if it enlarges images by ``scale``.

    Raises:
        UserError: It does not.
    """
    device = next((p.device for p in sr_net.parameters()), torch.device('cpu'))
    probe = torch.zeros(1, 3, _PROBE_SIDE, _PROBE_SIDE, device=device)
    try:
        with eval_mode(sr_net):
            output = sr_net(probe)
    except Exception as error:
        raise UserError(
            f'{type(sr_net).__name__} cannot super-resolve a plain batch of images ({type(error).__name__}: {error}); '
            'choose a network that maps one image to one image (not video, reference or coordinate based).'
        ) from error
    if not isinstance(output, torch.Tensor):
        raise UserError(
            f'{type(sr_net).__name__} returns {type(output).__name__}, but an SR network returns one image tensor; '
            'choose another.'
        )
    expected = (1, 3, scale * _PROBE_SIDE, scale * _PROBE_SIDE)
    if tuple(output.shape) != expected:
        raise UserError(
            f'{type(sr_net).__name__} makes {tuple(output.shape)} from an image of {_PROBE_SIDE} x {_PROBE_SIDE} px, '
            f'but scale={scale} of the model and its degradation needs {expected}; change model.scale or the upscale '
            'factor of model.sr_net.'
        )
    return sr_net
