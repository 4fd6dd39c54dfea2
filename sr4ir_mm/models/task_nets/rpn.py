"""Anchors and proposals as torchvision's detectors make them."""

from __future__ import annotations

import torch
from mmdet.models.dense_heads import RPNHead
from mmdet.models.task_modules.prior_generators import AnchorGenerator
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from torch import Tensor

from sr4ir_mm.registry import MODELS, TASK_UTILS


@TASK_UTILS.register_module()
class TorchvisionAnchorGenerator(AnchorGenerator):
    """Anchors rounded to whole pixels, with strides derived from the feature maps' real sizes.

    A level that pooling made from an odd number of cells has a stride that is no power of two: 800 px over 13 cells
    is 61. The first level's stride is taken as exact, for the padded image is divisible by it.

    Source: methods.md 5.6; behaviour of torchvision's ``AnchorGenerator``.
    """

    def gen_single_level_base_anchors(
        self,
        base_size: int | float,
        scales: Tensor,
        ratios: Tensor,
        center: tuple[float] | None = None,
    ) -> Tensor:
        """Base anchors of one level, rounded."""
        return super().gen_single_level_base_anchors(base_size, scales, ratios, center).round()

    def grid_priors(
        self,
        featmap_sizes: list[tuple[int, int]],
        dtype: torch.dtype = torch.float32,
        device: str | torch.device = 'cuda',
    ) -> list[Tensor]:
        """Anchors of all levels, (cells x anchors, 4) each."""
        width, height = (
            side * stride
            for side, stride in zip(featmap_sizes[0][::-1], self.strides[0], strict=True)
        )
        nominal = self.strides
        self.strides = [(width // w, height // h) for h, w in featmap_sizes]
        try:
            return super().grid_priors(featmap_sizes, dtype=dtype, device=device)
        finally:
            self.strides = nominal


@MODELS.register_module()
class ScoreThresholdRPNHead(RPNHead):
    """RPN head that drops proposals below ``score_thr`` of its proposal config.

    Source: methods.md 5.6, ``rpn_score_thresh`` 0.05 of ``fasterrcnn_mobilenet_v3_large_fpn``.
    """

    def _bbox_post_process(
        self, results: InstanceData, cfg: ConfigDict, *args: object, **kwargs: object
    ) -> InstanceData:
        """Filter by score, then as in mmdet."""
        return super()._bbox_post_process(
            results[results.scores >= cfg.get('score_thr', 0)], cfg, *args, **kwargs
        )
