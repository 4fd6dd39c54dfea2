"""torchvision's MobileNetV3 as an OpenMMLab backbone."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn
from torchvision.models import mobilenet_v3_large, mobilenet_v3_small
from torchvision.ops.misc import Conv2dNormActivation, FrozenBatchNorm2d

from sr4ir_mm.registry import MODELS

_ARCHS = {'large': mobilenet_v3_large, 'small': mobilenet_v3_small}


@MODELS.register_module()
class TorchvisionMobileNetV3(BaseModule):
    """The ``features`` of torchvision's MobileNetV3, with its key names, so that its weights load as they are.

    Args:
        arch: ``'large'`` or ``'small'``.
        out_indices: Layers of ``features`` whose outputs are returned; for ``large`` 6 has stride 8 and 40 channels, 13
            stride 32 and 160, 16 stride 32 and 960 channels.
        dilated: Dilate the last stage instead of striding it, so that 13 and 16 have stride 16.
        frozen_norm: Batch norm with fixed statistics and weights (eps 1e-5), as torchvision's detectors have.
        frozen_layers: Number of leading layers of ``features`` that are not trained.
        width_mult: Channel multiplier, for narrow test networks.
        init_cfg: mmengine's own, usually ``dict(type='Pretrained', checkpoint=...)``.

    Source: methods.md 5.5 (dilated, batch norm eps 1e-3, momentum 0.01) and 5.6 (frozen).
    """

    def __init__(
        self,
        arch: str = 'large',
        out_indices: Sequence[int] = (16,),
        dilated: bool = False,
        frozen_norm: bool = False,
        frozen_layers: int = 0,
        width_mult: float = 1.0,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        norm = dict(norm_layer=FrozenBatchNorm2d) if frozen_norm else {}
        net = _ARCHS[arch](weights=None, dilated=dilated, width_mult=width_mult, **norm)
        self.features = net.features
        if frozen_norm:
            _fold_norms(self.features)
        self.out_indices = tuple(index % len(self.features) for index in out_indices)
        for layer in self.features[:frozen_layers]:
            layer.requires_grad_(False)

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """(N, 3, H, W) task-space images to one tensor for each of ``out_indices``."""
        outputs = {}
        for index, layer in enumerate(self.features[: max(self.out_indices) + 1]):
            image = layer(image)
            outputs[index] = image
        return tuple(outputs[index] for index in self.out_indices)


class _FoldedConv(Conv2dNormActivation):
    """Convolution, frozen norm and activation, the norm's factors put into the convolution's weight and bias.

    The same function up to rounding, and gradients of the weight are those of the unfolded one; two passes over each
    feature map fewer, forward and backward.
    """

    def forward(self, features: Tensor) -> Tensor:
        conv, norm, *activations = self
        if conv._forward_hooks or norm._forward_hooks:
            # Someone wants what lies between.
            return super().forward(features)
        factor = norm.weight * (norm.running_var + norm.eps).rsqrt()
        weight = conv.weight * factor[:, None, None, None]
        bias = norm.bias - norm.running_mean * factor
        shape = conv.stride, conv.padding, conv.dilation, conv.groups
        features = F.conv2d(features, weight, bias, *shape)
        for activation in activations:
            features = activation(features)
        return features


def _fold_norms(net: nn.Module) -> None:
    """Keep modules and names, and change how they run."""
    for module in net.modules():
        if type(module) is Conv2dNormActivation and isinstance(module[1], FrozenBatchNorm2d):
            module.__class__ = _FoldedConv
