"""torchvision's VGG as an OpenMMLab backbone."""

from __future__ import annotations

from collections.abc import Sequence

from mmengine.model import BaseModule
from torch import Tensor
from torchvision.models import vgg16, vgg19

from sr4ir_mm.registry import MODELS

_ARCHS = {16: vgg16, 19: vgg19}


@MODELS.register_module()
class TorchvisionVGG(BaseModule):
    """The ``features`` of torchvision's VGG, with its key names, so that its weights load as they are.

    Args:
        depth: 16 or 19.
        out_indices: Layers of ``features`` whose outputs are returned; later layers are left out. In VGG19, 34
            is ``conv5_4`` before its ReLU, the usual choice of perceptual losses.
        init_cfg: mmengine's own, usually ``dict(type='Pretrained', checkpoint=...)``.

    Source: methods.md 5.8, the ablation's extractor "VGG-ImageNet"; which layer the paper takes is not known.
    """

    def __init__(
        self, depth: int = 19, out_indices: Sequence[int] = (34,), init_cfg: dict | None = None
    ) -> None:
        super().__init__(init_cfg)
        self.out_indices = tuple(out_indices)
        self.features = _ARCHS[depth](weights=None, init_weights=False).features[
            : max(self.out_indices) + 1
        ]
        # In place, a ReLU would overwrite the output that is returned before it.
        for layer in self.features:
            if hasattr(layer, 'inplace'):
                layer.inplace = False

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """(N, 3, H, W) task-space images to one tensor for each of ``out_indices``."""
        outputs = {}
        for index, layer in enumerate(self.features):
            image = layer(image)
            outputs[index] = image
        return tuple(outputs[index] for index in self.out_indices)
