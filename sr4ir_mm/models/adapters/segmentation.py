"""Adapter of mmseg's segmentors."""

from typing import Any

import numpy as np
import torch
from mmengine.structures import BaseDataElement
from torch import Tensor, nn

from sr4ir_mm.models.adapters.base import TaskAdapter
from sr4ir_mm.registry import MODELS
from sr4ir_mm.structures import LRHRBatch


@MODELS.register_module()
class SegmentationAdapter(TaskAdapter):
    """Encoder-decoders, cascades and transformers of mmseg."""

    def default_layers(self, task_net: nn.Module) -> list[str]:
        """The backbone's last stage (C5), as in the paper."""
        return ['backbone.-1']

    def labels(self, batch: LRHRBatch) -> Tensor:
        """See :meth:`TaskAdapter.labels`; pixels that the preprocessor added are to be ignored."""
        return torch.cat([sample.gt_sem_seg.data for sample in batch.samples])

    def draw(
        self, visualizer: Any, image_rgb: np.ndarray, sample: BaseDataElement, **options: Any
    ) -> None:
        """Draw the predicted label map; see :meth:`TaskAdapter.draw`."""
        options.pop('pred_score_thr', None)
        visualizer.add_datasample(
            'prediction', image_rgb, sample, draw_gt=False, with_labels=False, **options
        )
