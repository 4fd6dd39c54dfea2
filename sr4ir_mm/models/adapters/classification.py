"""Adapter of mmpretrain's classifiers."""

from typing import Any

import numpy as np
from mmengine.structures import BaseDataElement
from torch import nn

from sr4ir_mm.models.adapters.base import TaskAdapter
from sr4ir_mm.registry import MODELS


@MODELS.register_module()
class ClassificationAdapter(TaskAdapter):
    """Image classifiers of mmpretrain."""

    def default_layers(self, task_net: nn.Module) -> list[str]:
        """The backbone's last stage, before pooling, as in the paper."""
        return ['backbone.-1']

    def draw(self, visualizer: Any, image_rgb: np.ndarray, sample: BaseDataElement, **options: Any) -> None:
        """Write the predicted class and score; see :meth:`TaskAdapter.draw`."""
        options.pop('pred_score_thr', None)
        visualizer.visualize_cls(image_rgb, sample, draw_gt=False, name='prediction', **options)
