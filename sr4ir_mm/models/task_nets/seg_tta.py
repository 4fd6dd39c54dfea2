"""Test-time augmentation of a segmentor behind an SR network."""

from __future__ import annotations

from collections.abc import Sequence

from mmengine.structures import BaseDataElement
from mmseg.models.segmentors import SegTTAModel as _SegTTAModel

from sr4ir_mm.registry import MODELS
from sr4ir_mm.utils.modules import unwrap


@MODELS.register_module()
class SegTTAModel(_SegTTAModel):
    """mmseg's, which asks the model that it wraps for what only the segmentor knows: its number of logits."""

    def merge_preds(
        self, data_samples_list: Sequence[Sequence[BaseDataElement]]
    ) -> list[BaseDataElement]:
        """Mean of the softmax over the pictures of each image; see mmseg."""
        whole = self.module
        self.module = unwrap(unwrap(whole).task_net)
        try:
            return super().merge_preds(data_samples_list)
        finally:
            self.module = whole
