"""torchvision's DeepLabV3 heads as mmseg decode heads."""

from __future__ import annotations

from collections.abc import Sequence

from mmseg.models.decode_heads import FCNHead
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import Tensor, nn
from torchvision.models.segmentation.deeplabv3 import ASPP

from sr4ir_mm.registry import MODELS


@MODELS.register_module()
class TorchvisionDeepLabHead(BaseDecodeHead):
    """ASPP with a 1 x 1 projection and dropout, then a 3 x 3 convolution and the classifier.

    mmseg's ``ASPPHead`` projects with a 3 x 3 convolution and has none after it, so it is another network.

    Args:
        dilations: Atrous rates.
        aspp_dropout: Dropout after the projection; torchvision's is fixed at 0.5.
        init_cfg: mmengine's own; None keeps PyTorch's initialisation, as torchvision does.
        kwargs: Arguments of ``BaseDecodeHead``; ``channels`` is the width, 256 in torchvision.

    Source: methods.md 5.5.
    """

    def __init__(
        self,
        dilations: Sequence[int] = (12, 24, 36),
        aspp_dropout: float = 0.5,
        init_cfg: dict | None = None,
        **kwargs: object,
    ) -> None:
        super().__init__(dropout_ratio=0, init_cfg=init_cfg, **kwargs)
        self.aspp = ASPP(self.in_channels, list(dilations), self.channels)
        for module in self.aspp.modules():
            if isinstance(module, nn.Dropout):
                module.p = aspp_dropout
        self.bottleneck = nn.Sequential(
            nn.Conv2d(self.channels, self.channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(self.channels),
            nn.ReLU(),
        )

    def forward(self, inputs: Sequence[Tensor]) -> Tensor:
        """Backbone features to (N, classes, h, w) logits."""
        return self.cls_seg(self.bottleneck(self.aspp(self._transform_inputs(inputs))))


@MODELS.register_module()
class TorchvisionFCNHead(FCNHead):
    """One 3 x 3 convolution, dropout of single elements (mmseg's drops whole channels), and the classifier.

    Args:
        dropout_ratio: Share of dropped elements.
        init_cfg: mmengine's own; None keeps PyTorch's initialisation, as torchvision does.
        kwargs: Arguments of ``BaseDecodeHead``; ``channels`` is a quarter of the input's in torchvision.

    Source: methods.md 5.5.
    """

    def __init__(
        self, dropout_ratio: float = 0.1, init_cfg: dict | None = None, **kwargs: object
    ) -> None:
        super().__init__(
            num_convs=1,
            concat_input=False,
            dropout_ratio=dropout_ratio,
            init_cfg=init_cfg,
            **kwargs,
        )
        self.dropout = nn.Dropout(dropout_ratio)
        if init_cfg is None:
            self.convs[0].conv.reset_parameters()  # ConvModule's constructor has drawn others
