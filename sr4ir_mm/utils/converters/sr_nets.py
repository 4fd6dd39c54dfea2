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

SR_NETS = (EDSR, SWINIR)
