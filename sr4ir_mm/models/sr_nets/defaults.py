"""Arguments of known SR networks, by short name or type, for any scale."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from sr4ir_mm.registry import MODELS
from sr4ir_mm.utils.errors import UserError

_COLOURS = dict(in_channels=3, out_channels=3)
_SCALE_ARGUMENTS = ('upscale_factor', 'upscale', 'scale', 'scale_factor')


def _edsr(scale: int) -> dict:
    # rgb_std makes mmagic's network compute in the 0..255 range of the official weights.
    return dict(
        type='mmagic.EDSRNet',
        **_COLOURS,
        mid_channels=64,
        num_blocks=16,
        upscale_factor=scale,
        rgb_mean=[0.4488, 0.4371, 0.4040],
        rgb_std=[0.00392156862745098] * 3,
    )


def _swinir(scale: int) -> dict:
    return dict(
        type='mmagic.SwinIRNet',
        upscale=scale,
        in_chans=3,
        img_size=48,
        window_size=8,
        img_range=1.0,
        depths=[6] * 6,
        embed_dim=180,
        num_heads=[6] * 6,
        mlp_ratio=2,
        upsampler='pixelshuffle',
        resi_connection='1conv',
    )


def _rdn(scale: int) -> dict:
    return dict(
        type='mmagic.RDNNet',
        **_COLOURS,
        mid_channels=64,
        num_blocks=16,
        upscale_factor=scale,
        num_layers=8,
        channel_growth=64,
    )


def _rrdb(scale: int) -> dict:
    net = dict(
        type='mmagic.RRDBNet',
        **_COLOURS,
        mid_channels=64,
        num_blocks=23,
        growth_channels=32,
        upscale_factor=scale,
    )
    # Below x4 it unshuffles pixels first.
    return net if scale > 2 else dict(type='sr4ir_mm.PaddedSR', divisor=4 // scale, net=net)


def _srcnn(scale: int) -> dict:
    return dict(
        type='mmagic.SRCNNNet',
        channels=(3, 64, 32, 3),
        kernel_sizes=(9, 1, 5),
        upscale_factor=scale,
    )


def _msrresnet(scale: int) -> dict:
    return dict(
        type='mmagic.MSRResNet', **_COLOURS, mid_channels=64, num_blocks=16, upscale_factor=scale
    )


def _nafnet(scale: int) -> dict:
    net = dict(
        type='mmagic.NAFNet',
        img_channels=3,
        mid_channels=32,
        enc_blk_nums=[1, 1, 1, 28],
        middle_blk_num=1,
        dec_blk_nums=[1, 1, 1, 1],
    )
    return dict(type='sr4ir_mm.PreUpsample', scale=scale, divisor=16, net=net)


def _restormer(scale: int) -> dict:
    net = dict(
        type='mmagic.Restormer',
        inp_channels=3,
        out_channels=3,
        dim=48,
        num_blocks=[4, 6, 6, 8],
        num_refinement_blocks=4,
        heads=[1, 2, 4, 8],
        ffn_expansion_factor=2.66,
    )
    return dict(type='sr4ir_mm.PreUpsample', scale=scale, divisor=8, net=net)


def _dbpn(scale: int) -> dict:
    return dict(type='sr4ir_mm.DBPNNet', scale=scale)


def _rcan(scale: int) -> dict:
    return dict(type='sr4ir_mm.RCANNet', scale=scale)


def _sub_pixel(scale: int) -> dict:
    return dict(type='sr4ir_mm.SubPixelNet', scale=scale, mid_channels=64, num_blocks=16)


SR_NETS: dict[str, Callable[[int], dict]] = {
    'edsr': _edsr,
    'swinir': _swinir,
    'rdn': _rdn,
    'rrdb': _rrdb,
    'srcnn': _srcnn,
    'msrresnet': _msrresnet,
    'nafnet': _nafnet,
    'restormer': _restormer,
    'dbpn': _dbpn,
    'rcan': _rcan,
    'subpixel': _sub_pixel,
}
_ALIASES = {
    'ddbpn': 'dbpn',
    'd-dbpn': 'dbpn',
    'esrgan': 'rrdb',
    'srresnet': 'msrresnet',
    'nafnetlocal': 'nafnet',
}


def default_sr_net(name: str, scale: int) -> dict:
    """Config of an SR network with the sizes of its paper.

    Args:
        name: Short name (``'edsr'``) or type (``'EDSRNet'``, ``'mmagic.EDSRNet'``, in any case); types outside the
            table are looked up and given the scale if they take one, or put behind an upsampling if they take none.
        scale: Factor of the network.

    Raises:
        UserError: No such network.
    """
    key = name.rpartition('.')[2].lower()
    for candidate in (key, key.removesuffix('net'), _ALIASES.get(key.removesuffix('net'), '')):
        if candidate in SR_NETS:
            return SR_NETS[candidate](scale)
    return _from_signature(name, scale)


def _from_signature(name: str, scale: int) -> dict:
    kind, cls = _find_class(name)
    parameters = inspect.signature(cls).parameters
    if issubclass(cls, MODELS.get('sr4ir_mm.PreUpsample')):
        raise UserError('PreUpsample alone is no SR network; name the network that it wraps.')
    cfg = {'type': kind}
    for argument in ('in_channels', 'out_channels', 'in_chans', 'inp_channels', 'img_channels'):
        if argument in parameters:
            cfg[argument] = 3
    for argument in _SCALE_ARGUMENTS:
        if argument in parameters:
            return {**cfg, argument: scale}
    return dict(type='sr4ir_mm.PreUpsample', scale=scale, net=cfg)


def _find_class(name: str) -> tuple[str, type]:
    from sr4ir_mm.models.sr_nets.build import import_mmagic

    scopes = [''] if '.' in name else ['sr4ir_mm.', 'mmagic.']
    for scope in scopes:
        kind = scope + name
        if kind.startswith('mmagic.'):
            import_mmagic()
        cls = MODELS.get(kind)
        if cls is not None:
            return kind, cls
    raise UserError(
        f'--sr {name} is no SR network known here; choose one of {", ".join(SR_NETS)}, or a registered type such as '
        'mmagic.EDSRNet.'
    )
