"""Learned perceptual image patch similarity, through the ``lpips`` package."""

import warnings
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from sr4ir_mm.evaluation.metrics.base import ImageMetric
from sr4ir_mm.registry import METRICS
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.resources.downloads import cached_file, download


class _Backbone(NamedTuple):
    """ImageNet weights of torchvision that ``lpips`` puts its own linear layers on."""

    url: str
    min_side: int  # px: what its strides and pools leave something of

    @property
    def file(self) -> str:
        return self.url.rsplit('/', 1)[-1]


BACKBONES = {
    'vgg': _Backbone('https://download.pytorch.org/models/vgg16-397923af.pth', 16),
    'alex': _Backbone('https://download.pytorch.org/models/alexnet-owt-7be5be79.pth', 31),
}


def find_backbone(net: str, weights: str | None) -> Path:
    """Path of the backbone's weights; they are downloaded where they are missing.

    Args:
        net: A key of ``BACKBONES``.
        weights: The user's own file; None looks into torch hub's cache, then downloads.

    Returns:
        An existing file.

    Raises:
        UserError: There is no such file and it cannot be downloaded.
    """
    if weights is not None:
        path = Path(weights).expanduser()
        if not path.is_file():
            raise UserError(
                f'LPIPS: weights={str(path)!r} does not exist; give the path of '
                f'{BACKBONES[net].file} (from {BACKBONES[net].url}).'
            )
        return path
    backbone = BACKBONES[net]
    path = Path(cached_file(backbone.url))
    if path.is_file():
        return path
    try:
        download(backbone.url, str(path))
    except OSError as error:  # URLError and refused folders alike
        raise UserError(
            f'LPIPS needs {backbone.file}, which is not in {path.parent} and could not be downloaded '
            f'({error}); get it from {backbone.url} and put it there, or give its path as the '
            "argument weights='...' of LPIPS."
        ) from error
    return path


@lru_cache(maxsize=4)
def load_lpips(net: str, path: Path) -> nn.Module:
    """LPIPS network with the given backbone weights, frozen, in eval mode.

    Cached, so that several metrics share one network, and kept outside every model, so that no
    checkpoint holds it.

    Args:
        net: A key of ``BACKBONES``.
        path: Weights of torchvision's VGG16 or AlexNet, the whole network or its features only.

    Returns:
        Module on the CPU; takes two (N, 3, H, W) RGB images in [-1, 1], returns (N, 1, 1, 1).

    Raises:
        UserError: The file holds something else.
    """
    import lpips

    # Random weights are drawn before ours replace them; training must not notice.
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter('ignore')  # lpips calls torchvision by an old argument
        model = lpips.LPIPS(net=net, pnet_rand=True, verbose=False)
    _load_features(model.net, path, BACKBONES[net].file)
    return model.eval().requires_grad_(False)


def _load_features(net: nn.Module, path: Path, wanted: str) -> None:
    """Copy ``features.<i>.*`` into the slices of lpips' network, where <i> stays the name."""
    try:
        state = torch.load(path, map_location='cpu', weights_only=True)
    except Exception as error:  # torch.load raises many kinds, some with a page of advice
        raise UserError(_not_the_weights(path, wanted, 'is no readable file of weights')) from error
    for name, parameter in net.named_parameters():
        key = 'features.' + name.split('.', 1)[1]
        value = state.get(key) if isinstance(state, dict) else None
        if not isinstance(value, Tensor) or value.shape != parameter.shape:
            fault = f'has no {key} of shape {tuple(parameter.shape)}'
            raise UserError(_not_the_weights(path, wanted, fault))
        parameter.data.copy_(value)


def _not_the_weights(path: Path, wanted: str, fault: str) -> str:
    return f'LPIPS: {path} {fault}; give the path of {wanted} as the argument weights.'


@METRICS.register_module()
class LPIPS(ImageMetric):
    """``lpips``: learned perceptual distance, mean over images. Lower is better.

    Args:
        net: ``'vgg'`` (the paper's) or ``'alex'``.
        weights: Path of torchvision's ``vgg16-397923af.pth`` or ``alexnet-owt-7be5be79.pth``. None
            takes torch hub's cache and downloads the file where it is missing. The linear layers
            come with the ``lpips`` package.
        **kwargs: As :class:`ImageMetric`.

    Source: Zhang et al., CVPR 2018; settings of methods.md 5.1 (VGG, quantised SR, border crop 8).
    """

    names = ('lpips',)

    def __init__(self, net: str = 'vgg', weights: str | None = None, **kwargs) -> None:
        if net not in BACKBONES:
            raise UserError(f'LPIPS: net={net!r} is unknown; choose one of {", ".join(BACKBONES)}.')
        super().__init__(**kwargs)
        self.net = net
        self.min_side = BACKBONES[net].min_side
        self.weights = find_backbone(net, weights)  # here, so that it fails before training starts

    def measure(self, image: Tensor, reference: Tensor) -> tuple[float]:
        """See :meth:`ImageMetric.measure`."""
        model = load_lpips(self.net, self.weights).to(image.device)
        distance = model(image.float() * 2 - 1, reference.float() * 2 - 1)
        return (distance.item(),)
