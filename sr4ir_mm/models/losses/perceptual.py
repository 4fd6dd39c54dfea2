"""Perceptual loss: distance of SR and HR images in the features of an ImageNet network."""

from __future__ import annotations

from functools import lru_cache

import torch
from mmengine.runner import CheckpointLoader
from torch import Tensor, nn
from torchvision.models import vgg

from sr4ir_mm.models.losses.pixel import check_distance, distance
from sr4ir_mm.registry import MODELS
from sr4ir_mm.utils.checks import check_number
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.resources import RANDOM

VGG19_WEIGHTS = 'https://download.pytorch.org/models/vgg19-dcbb9e9d.pth'
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@MODELS.register_module()
class PerceptualLoss(nn.Module):
    """Distance of SR and HR images in the feature space of a VGG19 that knows ImageNet and is not trained.

    The VGG19 is kept outside the module, so that no checkpoint holds it.

    Args:
        weight: Factor of the loss.
        layer: Convolution whose output, before its ReLU, is compared: 'conv5_4' is the fourth of the fifth block.
        criterion: ``'l1'``, ``'mse'`` or ``'frobenius'``.
        pretrained: Path or URL of torchvision's ``vgg19-dcbb9e9d.pth``, or 'random' if a network that knows nothing is
            meant.

    Raises:
        UserError: No such layer, or no weights.

    Source: methods.md 1; the layer is that of Ledig et al., CVPR 2017.
    """

    def __init__(
        self,
        weight: float = 1.0,
        layer: str = 'conv5_4',
        criterion: str = 'mse',
        pretrained: str | None = VGG19_WEIGHTS,
    ) -> None:
        super().__init__()
        if pretrained is None:
            raise UserError(
                'PerceptualLoss got pretrained=None, and the features of a random network mean little; give '
                "torchvision's vgg19-dcbb9e9d.pth, or 'random' if that is meant."
            )
        self.weight = check_number('PerceptualLoss weight', weight)
        self.criterion = check_distance(criterion)
        self.layer = layer
        self.pretrained = pretrained
        self.register_buffer('mean', torch.tensor(_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer('std', torch.tensor(_STD).view(1, 3, 1, 1), persistent=False)
        load_vgg19(layer, pretrained)  # here, so that it fails before training starts

    def forward(self, sr_rgb01: Tensor, hr_rgb01: Tensor) -> Tensor:
        """Scalar loss of two (N, 3, H, W) batches in image space, sides at least 16 px; gradient flows to the first."""
        features = load_vgg19(self.layer, self.pretrained).to(sr_rgb01.device)
        sr = features((sr_rgb01 - self.mean) / self.std)
        with torch.no_grad():
            hr = features((hr_rgb01 - self.mean) / self.std)
        return self.weight * distance(self.criterion, sr, hr)


@lru_cache(maxsize=2)
def load_vgg19(layer: str, pretrained: str) -> nn.Sequential:
    """The layers of a VGG19 up to a convolution, frozen.

    Args:
        layer: Such as 'conv5_4'.
        pretrained: Path or URL of torchvision's weights, or 'random', which is the same in every process.

    Raises:
        UserError: No such layer, or the file lacks its weights.
    """
    names = _layer_names()
    if layer not in names:
        convolutions = [name for name in names if name.startswith('conv')]
        raise UserError(
            f'PerceptualLoss layer {layer!r} is none of VGG19; choose one of {", ".join(convolutions)}.'
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        features = vgg.make_layers(vgg.cfgs['E'])[: names.index(layer) + 1]
    if pretrained != RANDOM:
        _load(features, pretrained)
    return features.eval().requires_grad_(False)


def _layer_names() -> list[str]:
    """Names of the layers of torchvision's ``features``, in their order."""
    names, block, number = [], 1, 0
    for width in vgg.cfgs['E']:
        if width == 'M':
            names.append(f'pool{block}')
            block, number = block + 1, 0
        else:
            number += 1
            names += [f'conv{block}_{number}', f'relu{block}_{number}']
    return names


def _load(features: nn.Sequential, source: str) -> None:
    try:
        state = CheckpointLoader.load_checkpoint(source, map_location='cpu')
        wanted = {f'features.{name}': name for name in features.state_dict()}
        features.load_state_dict({wanted[key]: state[key] for key in wanted})
    except (OSError, KeyError, RuntimeError) as error:
        reason = ' '.join(str(error).split())[:200]
        raise UserError(
            f'PerceptualLoss finds no VGG19 in {source} ({type(error).__name__}: {reason}); give the path of '
            f'{VGG19_WEIGHTS.rpartition("/")[2]} (from {VGG19_WEIGHTS}) as pretrained.'
        ) from error
