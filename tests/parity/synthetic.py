"""Fixtures of our own, with the structure of the recorded ones, for combinations that none was recorded of."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torchvision
from torch import nn

from tests.parity.fixture import Fixture

CLASSES = {'cls': 7, 'seg': 5, 'det': 4}
SIDE = 64
_PIXEL, _TDP = 'losses/l_pix', 'losses/l_tdp'
_KINDS = ('sr', 'hr', 'cqmix')
_LOSS = {'cls': 'ce', 'seg': 'auxce', 'det': 'det'}


def make_fixture(task: str, sr: str, scale: int, steps: int = 2, batch_size: int = 2) -> Fixture:
    """A fixture with random images and zeros as figures."""
    names = [_PIXEL, _TDP, *(f'losses/l_{_LOSS[task]}_{kind}' for kind in _KINDS)]
    sr_args = _SR_ARGS[sr](scale)
    about = dict(
        task=task,
        scale=scale,
        gain_task=1.7,
        sr=sr_args,
        shapes=dict(sr=_SR_SHAPES[sr](sr_args, scale), task=task_shapes(task)),
        lr=[[1e-4, 1e-2]] * steps,
        losses=[dict.fromkeys(names, 0.0)] * steps,
        optim_sr=dict(lr='0.0001', weight_decay='0', betas='[0.9, 0.999]'),
        optim_task=dict(lr='0.01', momentum='0.9', weight_decay='1e-06'),
        params={f'after_{steps}_steps': {}},
    )
    return Fixture(task, about, _arrays(task, steps, batch_size))


def task_shapes(task: str) -> dict[str, list[int]]:
    """Shapes of torchvision's network, whose names the reference has."""
    return _shapes(torchvision_net(task, CLASSES[task]))


def torchvision_net(task: str, classes: int) -> nn.Module:
    """torchvision's own network, random weights; ``classes`` includes background."""
    args = dict(weights=None, num_classes=classes)
    if task == 'cls':
        return torchvision.models.resnet18(**args)
    args['weights_backbone'] = None
    if task == 'seg':
        return torchvision.models.segmentation.deeplabv3_mobilenet_v3_large(**args, aux_loss=True)
    return torchvision.models.detection.fasterrcnn_mobilenet_v3_large_fpn(**args)


def _shapes(net: nn.Module) -> dict[str, list[int]]:
    return {key: list(value.shape) for key, value in net.state_dict().items()}


# ---- SR networks in the names of the official repositories ----------------------------------------------------------


def edsr_shapes(args: dict, scale: int) -> dict[str, list[int]]:
    """EDSR: fixed colour shifts, head, body, tail with one stage for every doubling."""
    blocks, width = args['n_blocks'], args['n_feats']
    convs = {'sub_mean': (3, 3, 1), 'add_mean': (3, 3, 1), 'head.0': (width, 3, 3)}
    convs |= {f'body.{i}.body.{j}': (width, width, 3) for i in range(blocks) for j in (0, 2)}
    convs[f'body.{blocks}'] = (width, width, 3)
    convs |= {f'tail.0.{2 * i}': (4 * width, width, 3) for i in range(scale.bit_length() - 1)}
    convs['tail.1'] = (3, width, 3)
    weights = {f'{name}.weight': [out, into, k, k] for name, (out, into, k) in convs.items()}
    return weights | {f'{name}.bias': [out] for name, (out, _, _) in convs.items()}


def swinir_shapes(args: dict, scale: int) -> dict[str, list[int]]:
    """SwinIR with pixel shuffle, index buffers and attention masks included."""
    dim, window = args['embed_dim'], args['window_size']
    hidden = int(dim * args['mlp_ratio'])
    shapes = _conv('conv_first', dim, 3) | _norm('patch_embed.norm', dim)
    for layer, (depth, heads) in enumerate(zip(args['depths'], args['num_heads'], strict=True)):
        for block in range(depth):
            shapes |= _swin_block(
                f'layers.{layer}.residual_group.blocks.{block}.', dim, hidden, window, heads
            )
            if block % 2:
                mask = [(args['img_size'] // window) ** 2, window**2, window**2]
                shapes[f'layers.{layer}.residual_group.blocks.{block}.attn_mask'] = mask
        shapes |= _conv(f'layers.{layer}.conv', dim, dim)
    shapes |= (
        _norm('norm', dim)
        | _conv('conv_after_body', dim, dim)
        | _conv('conv_before_upsample.0', 64, dim)
    )
    for stage in range(scale.bit_length() - 1):
        shapes |= _conv(f'upsample.{2 * stage}', 256, 64)
    return shapes | _conv('conv_last', 3, 64)


def _swin_block(
    prefix: str, dim: int, hidden: int, window: int, heads: int
) -> dict[str, list[int]]:
    linears = {
        'attn.qkv': (3 * dim, dim),
        'attn.proj': (dim, dim),
        'mlp.fc1': (hidden, dim),
        'mlp.fc2': (dim, hidden),
    }
    shapes = {f'{prefix}{name}.weight': list(shape) for name, shape in linears.items()}
    shapes |= {f'{prefix}{name}.bias': [shape[0]] for name, shape in linears.items()}
    shapes[f'{prefix}attn.relative_position_bias_table'] = [(2 * window - 1) ** 2, heads]
    shapes[f'{prefix}attn.relative_position_index'] = [window**2, window**2]
    return shapes | _norm(f'{prefix}norm1', dim) | _norm(f'{prefix}norm2', dim)


def _conv(name: str, out: int, into: int) -> dict[str, list[int]]:
    return {f'{name}.weight': [out, into, 3, 3], f'{name}.bias': [out]}


def _norm(name: str, width: int) -> dict[str, list[int]]:
    return {f'{name}.weight': [width], f'{name}.bias': [width]}


def _edsr_args(scale: int) -> dict:
    return dict(name='edsr', n_blocks=2, n_feats=8, scale=scale)


def _swinir_args(scale: int) -> dict:
    return dict(
        name='swinir',
        upscale=scale,
        scale=scale,
        in_chans=3,
        img_size=16,
        window_size=8,
        img_range=1.0,
        depths=[2, 2],
        embed_dim=12,
        num_heads=[2, 3],
        mlp_ratio=2,
        upsampler='pixelshuffle',
        resi_connection='1conv',
    )


_SR_ARGS: dict[str, Callable[[int], dict]] = {'edsr': _edsr_args, 'swinir': _swinir_args}
_SR_SHAPES = {'edsr': edsr_shapes, 'swinir': swinir_shapes}


# ---- data -----------------------------------------------------------------------------------------------------------


def _arrays(task: str, steps: int, batch_size: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    grid = 4 if task == 'cls' else 8
    arrays = {}
    for step in range(steps):
        arrays[f'mask_{step}'] = rng.integers(0, 2, (batch_size, 1, grid, grid)).astype(np.uint8)
        for index in range(batch_size):
            # Images of a detection batch differ in size.
            height = SIDE - (8 * index if task == 'det' else 0)
            arrays[f'image_{step}_{index}'] = rng.integers(0, 256, (height, SIDE, 3)).astype(
                np.uint8
            )
            arrays |= _targets(task, step, index, height, rng)
        if task == 'cls':
            arrays[f'labels_{step}'] = rng.integers(0, CLASSES[task], batch_size)
    return arrays


def _targets(
    task: str, step: int, index: int, height: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    if task == 'seg':
        label = rng.integers(0, CLASSES[task], (height, SIDE)).astype(np.uint8)
        label[:4] = 255
        return {f'label_{step}_{index}': label}
    if task == 'det':
        boxes = np.array([[4, 6, 40, 44], [20, 10, 60, 50]], np.float32)
        return {
            f'boxes_{step}_{index}': boxes,
            f'labels_{step}_{index}': rng.integers(1, CLASSES[task], 2),
        }
    return {}


def fill_randomly(net: nn.Module, seed: int) -> nn.Module:
    """Give every float entry of a network a random value of a sensible size, fixed by the seed."""
    generator = torch.Generator().manual_seed(seed)
    for name, value in net.state_dict().items():
        if value.is_floating_point():
            noise = torch.randn(value.shape, generator=generator)
            fan_in = value[0].numel() if value.ndim > 1 else 1
            if value.ndim > 1:
                value.copy_(noise * (1.7 / fan_in) ** 0.5)
            elif name.endswith(('running_var', 'weight')):
                value.copy_(1 + 0.1 * noise.abs())
            else:
                value.copy_(0.05 * noise)
    return net
