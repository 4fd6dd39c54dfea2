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

#: What mmseg's label maps have where there is no class.
_IGNORED = 255


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

    def draw_objects(self, batch: LRHRBatch) -> Tensor:
        """Pixels of a drawn half of the classes present, rounded down; see :meth:`TaskAdapter.draw_objects`."""
        return torch.stack([_draw_classes(sample.gt_sem_seg.data) for sample in batch.samples])

    def draw(
        self, visualizer: Any, image_rgb: np.ndarray, sample: BaseDataElement, **options: Any
    ) -> None:
        """Draw the predicted label map; see :meth:`TaskAdapter.draw`."""
        options.pop('pred_score_thr', None)
        visualizer.add_datasample(
            'prediction', image_rgb, sample, draw_gt=False, with_labels=False, **options
        )


def _draw_classes(label: Tensor) -> Tensor:
    """(1, h, w) label map to where it is one of the drawn classes, without a copy to the host."""
    label = label.long()
    # What is no class shares the last place, which is never drawn.
    label = torch.where((label < 0) | (label > _IGNORED), _IGNORED, label)
    present = label.new_zeros(_IGNORED + 1).index_fill(0, label.flatten(), 1)
    present[_IGNORED] = 0
    order = torch.rand(present.shape, device=label.device) + (1 - present)
    rank = order.argsort().argsort()
    return (present.bool() & (rank < present.sum() // 2))[label]
