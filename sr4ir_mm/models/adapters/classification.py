"""Adapter of mmpretrain's classifiers."""

from typing import Any

import numpy as np
from mmengine.structures import BaseDataElement
from torch import Tensor, nn

from sr4ir_mm.models.adapters.base import TaskAdapter
from sr4ir_mm.registry import MODELS
from sr4ir_mm.structures import LRHRBatch
from sr4ir_mm.utils.modules import unwrap

_POOLED = ('cls_token', 'avg_featmap')
_HEADS = ('head', 'classifier', 'fc', 'norm', 'pool')


@MODELS.register_module()
class ClassificationAdapter(TaskAdapter):
    """Image classifiers of mmpretrain, also those that wrap a network of timm or Hugging Face."""

    def default_layers(self, task_net: nn.Module) -> list[str]:
        """The backbone's last stage before pooling, as in the paper.

        Of a transformer whose backbone hands out one token or an average, the last block with all its tokens; of a timm
        or Hugging Face network, the last stage before its head.
        """
        backbone = getattr(task_net, 'backbone', None)
        if backbone is None:
            return [_last_stage(task_net)]
        blocks = getattr(backbone, 'layers', None)
        pooled = getattr(backbone, 'out_type', None) in _POOLED
        if pooled and isinstance(blocks, (nn.ModuleList, nn.Sequential)) and len(blocks):
            return [f'backbone.layers.{len(blocks) - 1}']
        return ['backbone.-1']

    def class_scores(self, task_net: nn.Module, image_rgb01: Tensor, batch: LRHRBatch) -> Tensor:
        """Logits; see :meth:`TaskAdapter.class_scores`."""
        inputs, samples = self.to_task_inputs(image_rgb01, batch, for_prediction=True)
        return unwrap(task_net)(inputs, samples, mode='tensor')

    def draw(
        self, visualizer: Any, image_rgb: np.ndarray, sample: BaseDataElement, **options: Any
    ) -> None:
        """Write the predicted class and score; see :meth:`TaskAdapter.draw`."""
        options.pop('pred_score_thr', None)
        visualizer.visualize_cls(image_rgb, sample, draw_gt=False, name='prediction', **options)


def _last_stage(task_net: nn.Module) -> str:
    """Name of the last part with weights before the head, of a network inside ``task_net.model``."""
    names = [
        name
        for name, module in task_net.model.named_children()
        if next(module.parameters(), None) is not None and not any(part in name for part in _HEADS)
    ]
    return f'model.{names[-1]}' if names else 'model'
