"""SwinIR (classical SR) by its official names, written from the paper as functions of the state dict."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

MEAN = torch.tensor([0.4488, 0.4371, 0.4040]).view(1, 3, 1, 1)


def official_swinir(state: dict[str, Tensor], lr_rgb01: Tensor, args: dict) -> Tensor:
    """SR images of LR images of any size; stochastic depth is off, as in evaluation."""
    height, width = lr_rgb01.shape[-2:]
    window, scale = args['window_size'], args['upscale']
    padded = F.pad(lr_rgb01, (0, -width % window, 0, -height % window), mode='reflect')
    shallow = _conv(state, 'conv_first', padded - MEAN)
    grid = _norm(state, 'patch_embed.norm', shallow.permute(0, 2, 3, 1))
    for layer, (depth, heads) in enumerate(zip(args['depths'], args['num_heads'], strict=True)):
        inner = grid
        for block in range(depth):
            prefix = f'layers.{layer}.residual_group.blocks.{block}'
            inner = _block(
                state, prefix, inner, window, heads, shift=window // 2 if block % 2 else 0
            )
        grid = grid + _conv(state, f'layers.{layer}.conv', inner.permute(0, 3, 1, 2)).permute(
            0, 2, 3, 1
        )
    deep = _conv(state, 'conv_after_body', _norm(state, 'norm', grid).permute(0, 3, 1, 2))
    image = F.leaky_relu(_conv(state, 'conv_before_upsample.0', shallow + deep), 0.01)
    stage = 0
    while f'upsample.{stage}.weight' in state:
        image = F.pixel_shuffle(_conv(state, f'upsample.{stage}', image), 2)
        stage += 2
    return (_conv(state, 'conv_last', image) + MEAN)[..., : height * scale, : width * scale]


def _conv(state: dict[str, Tensor], name: str, image: Tensor) -> Tensor:
    return F.conv2d(image, state[f'{name}.weight'], state[f'{name}.bias'], padding=1)


def _linear(state: dict[str, Tensor], name: str, tokens: Tensor) -> Tensor:
    return F.linear(tokens, state[f'{name}.weight'], state[f'{name}.bias'])


def _norm(state: dict[str, Tensor], name: str, tokens: Tensor) -> Tensor:
    return F.layer_norm(tokens, tokens.shape[-1:], state[f'{name}.weight'], state[f'{name}.bias'])


def _block(
    state: dict[str, Tensor], prefix: str, grid: Tensor, window: int, heads: int, shift: int
) -> Tensor:
    """One transformer block on a (N, H, W, C) grid."""
    shifted = torch.roll(_norm(state, f'{prefix}.norm1', grid), (-shift, -shift), (1, 2))
    attended = _attention(state, f'{prefix}.attn', shifted, window, heads, shift)
    grid = grid + torch.roll(attended, (shift, shift), (1, 2))
    hidden = F.gelu(_linear(state, f'{prefix}.mlp.fc1', _norm(state, f'{prefix}.norm2', grid)))
    return grid + _linear(state, f'{prefix}.mlp.fc2', hidden)


def _attention(
    state: dict[str, Tensor], prefix: str, grid: Tensor, window: int, heads: int, shift: int
) -> Tensor:
    count, height, width, channels = grid.shape
    tokens = _split(grid, window)
    query, key, value = (
        part.unflatten(-1, (heads, -1)).transpose(-3, -2)
        for part in _linear(state, f'{prefix}.qkv', tokens).chunk(3, dim=-1)
    )
    scores = query @ key.transpose(-1, -2) * (channels // heads) ** -0.5
    scores = scores + _position_bias(state[f'{prefix}.relative_position_bias_table'], window)
    if shift:
        # Pixels that the shift brought together from opposite edges do not see each other.
        regions = _split(_regions(height, width, window, shift), window)[..., 0]
        apart = regions[..., :, None] != regions[..., None, :]
        scores = scores + torch.where(apart, -100.0, 0.0)[:, :, None]
    mixed = (scores.softmax(-1) @ value).transpose(-3, -2).flatten(-2)
    return _join(_linear(state, f'{prefix}.proj', mixed), height, width, window)


def _split(grid: Tensor, window: int) -> Tensor:
    """(N, H, W, C) to (N, windows, window squared, C)."""
    rows = grid.unflatten(2, (-1, window)).unflatten(1, (-1, window))
    return rows.transpose(2, 3).flatten(3, 4).flatten(1, 2)


def _join(tokens: Tensor, height: int, width: int, window: int) -> Tensor:
    rows = tokens.unflatten(2, (window, window)).unflatten(1, (height // window, width // window))
    return rows.transpose(2, 3).flatten(3, 4).flatten(1, 2)


def _regions(height: int, width: int, window: int, shift: int) -> Tensor:
    """Number of the region of each pixel of the shifted grid, (1, H, W, 1)."""
    row, column = (
        (torch.arange(side) >= side - window).int() + (torch.arange(side) >= side - shift).int()
        for side in (height, width)
    )
    return (row[:, None] * 3 + column[None])[None, ..., None]


def _position_bias(table: Tensor, window: int) -> Tensor:
    """(heads, window squared, window squared) from a table by (row, column) difference."""
    place = torch.arange(window)
    row, column = (axis.flatten() for axis in torch.meshgrid(place, place, indexing='ij'))
    index = (
        (row[:, None] - row + window - 1) * (2 * window - 1) + column[:, None] - column + window - 1
    )
    return table[index].permute(2, 0, 1)
