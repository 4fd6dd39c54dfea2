"""The affine map between image space (RGB, [0, 1]) and a task network's input space."""

from collections.abc import Sequence

import torch
from mmengine.structures import BaseDataElement
from torch import Tensor, nn

from sr4ir_mm.utils.errors import UserError

_PROBE_SIDE = 32


class TaskSpace(nn.Module):
    """Image space <-> task space, differentiable, read off the task network's own data preprocessor.

    The preprocessor is probed with constant images instead of reading its attributes: mean and standard deviation,
    their absence (YOLOX) and the channel order have other names in every library. Where the preprocessor offers public
    ``mean`` and ``std`` buffers that agree with the probe, those are used, for they carry no rounding.

    Args:
        preprocessor: The task network's data preprocessor.
        channel_order: Order in which the pipeline loads images; OpenMMLab's loaders give ``'bgr'``.

    Raises:
        UserError: The preprocessor is not a per-channel affine map of three channels.
    """

    def __init__(self, preprocessor: nn.Module, channel_order: str = 'bgr') -> None:
        super().__init__()
        if channel_order not in ('bgr', 'rgb'):
            raise UserError(
                f"channel_order={channel_order!r} of the adapter is unknown; expected 'bgr' or 'rgb', the order in "
                'which the pipeline loads images.'
            )
        offset, matrix = _probe(preprocessor)
        source = matrix.abs().argmax(dim=1)
        gain = matrix.gather(1, source[:, None]).squeeze(1)
        residue = matrix.clone().scatter_(1, source[:, None], 0)
        if sorted(source.tolist()) != [0, 1, 2] or residue.abs().max() > 1e-4 * gain.abs().min():
            raise UserError(
                f'{type(preprocessor).__name__} mixes colour channels, but an SR network in front of a task network '
                'needs a preprocessor that only reorders and normalises three channels; configure such a one.'
            )
        mean, std = _exact_statistics(preprocessor, -offset / gain, 1 / gain)
        rgb_source = 2 - source if channel_order == 'bgr' else source
        self.loads_bgr = channel_order == 'bgr'
        self.register_buffer('mean', mean.view(1, 3, 1, 1), persistent=False)
        self.register_buffer('std', std.view(1, 3, 1, 1), persistent=False)
        self.register_buffer('to_task_order', rgb_source, persistent=False)
        self.register_buffer('to_image_order', rgb_source.argsort(), persistent=False)

    def to_task(self, image_rgb01: Tensor) -> Tensor:
        """(N, 3, H, W) image space to task space."""
        return (image_rgb01[:, self.to_task_order] * 255 - self.mean) / self.std

    def loaded_to_image(self, loaded: Tensor) -> Tensor:
        """(N, 3, H, W) 8-bit images in the order of the pipeline's loader to image space."""
        rgb = loaded.flip(1) if self.loads_bgr else loaded
        return rgb.float() / 255

    def to_image(self, task: Tensor) -> Tensor:
        """(N, 3, H, W) task space to image space; values of 8-bit images come back exactly."""
        raw = task * self.std + self.mean
        nearest = raw.round()
        exact = torch.where((raw - nearest).abs() < 1e-3, nearest, raw)
        return exact[:, self.to_image_order] / 255


class SpaceChange(nn.Module):
    """Inputs of one task network to those of another, for a network that lends features of them.

    Args:
        source: Space of the inputs.
        target: Space of the network that is to see them.
    """

    def __init__(self, source: TaskSpace, target: TaskSpace) -> None:
        super().__init__()
        self.source, self.target = source, target

    @property
    def is_none(self) -> bool:
        """Whether both spaces are the same."""
        colours = torch.rand(1, 3, 4, 4)
        return torch.allclose(self.source.to_task(colours), self.target.to_task(colours), atol=1e-3)

    def forward(self, inputs: Tensor) -> Tensor:
        """(N, 3, h, w) of one space to the other."""
        raw = (inputs * self.source.std + self.source.mean)[:, self.source.to_image_order]
        return self.target.to_task(raw / 255)


@torch.no_grad()
def _probe(preprocessor: nn.Module) -> tuple[Tensor, Tensor]:
    """Offset (3,) and matrix (3 task, 3 raw) of the preprocessor's affine map, on the CPU."""
    colours = torch.cat([torch.zeros(1, 3), 255 * torch.eye(3)])
    images = [c.view(3, 1, 1).expand(3, _PROBE_SIDE, _PROBE_SIDE).to(torch.uint8) for c in colours]
    try:
        outputs = torch.cat([_preprocess(preprocessor, image) for image in images])
    except Exception as error:
        raise UserError(
            f'{type(preprocessor).__name__} could not preprocess a plain image ({error}); the task network needs an '
            'image data preprocessor such as DetDataPreprocessor, SegDataPreProcessor or ClsDataPreprocessor.'
        ) from error
    if outputs.ndim != 4 or outputs.shape[1] != 3:
        raise UserError(
            f'{type(preprocessor).__name__} makes inputs of shape {tuple(outputs.shape[1:])} from an RGB image; '
            'SR networks need task networks with 3 input channels.'
        )
    corner = outputs[:, :, 0, 0].cpu()
    return corner[0], (corner[1:] - corner[0]).T / 255


def _preprocess(preprocessor: nn.Module, image: Tensor) -> Tensor:
    """One image through the preprocessor; mmseg's with ``test_cfg`` needs a data sample to note the padding in."""
    try:
        return preprocessor({'inputs': [image]}, False)['inputs']
    except TypeError:
        return preprocessor({'inputs': [image], 'data_samples': [BaseDataElement()]}, False)[
            'inputs'
        ]


def _exact_statistics(preprocessor: nn.Module, mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
    """Prefer the preprocessor's own statistics over probed ones if both agree."""
    own: Sequence[Tensor | None] = [getattr(preprocessor, name, None) for name in ('mean', 'std')]
    if not all(isinstance(value, Tensor) and value.numel() == 3 for value in own):
        return mean.round(decimals=4), std.round(decimals=4)
    own_mean, own_std = (value.detach().cpu().float().flatten() for value in own)
    agrees = torch.allclose(own_mean, mean, rtol=1e-3, atol=1e-2) and torch.allclose(
        own_std, std, rtol=1e-3
    )
    return (own_mean, own_std) if agrees else (mean, std)
