"""Adapter of mmseg's segmentors."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmengine.structures import BaseDataElement
from torch import Tensor, nn

from sr4ir_mm.models.adapters.base import TaskAdapter, enlarge_labels
from sr4ir_mm.registry import MODELS
from sr4ir_mm.structures import LRHRBatch
from sr4ir_mm.utils.modules import unwrap


@MODELS.register_module()
class SegmentationAdapter(TaskAdapter):
    """Encoder-decoders, cascades and transformers of mmseg."""

    def default_layers(self, task_net: nn.Module) -> list[str]:
        """The backbone's last stage (C5), as in the paper."""
        return ['backbone.-1']

    def enlarge_targets(self, samples: Sequence[BaseDataElement], scale: int) -> None:
        """Label maps and edge maps by nearest neighbour; see :meth:`TaskAdapter.enlarge_targets`."""
        for sample in samples:
            enlarge_labels(sample, ('gt_sem_seg', 'gt_edge_map'), scale)

    def class_scores(self, task_net: nn.Module, image_rgb01: Tensor, batch: LRHRBatch) -> Tensor:
        """Mean logits of the label map; see :meth:`TaskAdapter.class_scores`."""
        inputs, samples = self.to_task_inputs(image_rgb01, batch, for_prediction=True)
        return unwrap(task_net)(inputs, samples, mode='tensor').flatten(2).mean(2)

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
