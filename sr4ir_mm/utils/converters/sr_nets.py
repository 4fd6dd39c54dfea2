"""SR networks: the authors' names to mmagic's."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from sr4ir_mm.utils.converters.conversion import Conversion
from sr4ir_mm.utils.errors import UserError


def _check_range(state: Mapping[str, Tensor]) -> None:
    """Refuse weights of a network that computes in [0, 1]; our config computes in [0, 255]."""
    bias = state.get('sub_mean.bias')
    if bias is not None and bias.abs().max() < 2:
        raise UserError(
            'These EDSR weights were trained for images in [0, 1] (sub_mean.bias is below 2), but our configs compute '
            'in [0, 255]; take weights trained with rgb_range 255, as the official ones are.'
        )


def _stage(first: int) -> str:
    return rf'tail\.0\.{2 * first}\.'


EDSR = Conversion(
    name='EDSR',
    marker=r'^tail\.0\.0\.',
    check=_check_range,
    rules=[
        # Constants of the network, which mmagic takes from its config.
        (r'(sub|add)_mean\.', None),
        (r'head\.0\.', 'conv_first.'),
        (r'body\.(\d+)\.body\.0\.', r'body.\1.conv1.'),
        (r'body\.(\d+)\.body\.2\.', r'body.\1.conv2.'),
        (r'body\.\d+\.', 'conv_after_body.'),
        # Even entries are convolutions, odd ones pixel shuffles; x4 has two stages, x8 three.
        *((_stage(index), f'upsample.{index}.upsample_conv.') for index in range(4)),
        (r'tail\.1\.', 'conv_last.'),
    ],
)

SWINIR = Conversion(
    name='SwinIR',
    marker=r'^layers\.0\.residual_group\.',
    # mmagic kept the official names.
    rules=[
        (
            r'(?=(conv_|patch_embed\.|patch_unembed\.|absolute_pos_embed|layers\.|norm\.|upsample\.))',
            '',
        )
    ],
)

_RCAN_BLOCK = r'body\.(\d+)\.body\.(\d+)\.'
RCAN = Conversion(
    name='RCAN',
    marker=r'\.conv_du\.',
    check=_check_range,
    rules=[
        (r'(sub|add)_mean\.', None),
        (r'head\.0\.', 'head.'),
        (_RCAN_BLOCK + r'body\.3\.conv_du\.0\.', r'groups.\1.\2.3.weigh.1.'),
        (_RCAN_BLOCK + r'body\.3\.conv_du\.2\.', r'groups.\1.\2.3.weigh.3.'),
        (_RCAN_BLOCK + r'body\.', r'groups.\1.\2.'),
        (_RCAN_BLOCK, r'groups.\1.\2.'),
        (r'body\.\d+\.', 'after_groups.'),
        *((_stage(index), f'upsample.{index}.') for index in range(4)),
        (r'tail\.1\.', 'tail.'),
    ],
)


def _projections(way: str) -> list[tuple[str, str]]:
    """Of ``up1``, ``up2``, ... or ``down1``, ...; a layer's convolution is entry 0 here and its PReLU entry 1."""
    layers = {'conv': 'squeeze'} | {
        f'{way}_conv{i}': name for i, name in enumerate(('project', 'back', 'correct'), 1)
    }
    return [
        (rf'{way}{stage}\.{theirs}\.{part}\.', f'{way}s.{stage - 1}.{ours}.{entry}.')
        for stage in range(1, 11)
        for theirs, ours in layers.items()
        for part, entry in (('(?:de)?conv', 0), ('act', 1))
    ]


DBPN = Conversion(
    name='D-DBPN',
    marker=r'^up1\.up_conv1\.',
    rules=[
        (r'(feat\d)\.conv\.', r'\1.0.'),
        (r'(feat\d)\.act\.', r'\1.1.'),
        *_projections('up'),
        *_projections('down'),
        (r'output_conv\.conv\.', 'output.'),
    ],
)

# RCAN's names contain EDSR's.
SR_NETS = (RCAN, EDSR, SWINIR, DBPN)
