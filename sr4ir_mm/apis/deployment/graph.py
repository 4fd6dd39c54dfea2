"""The part of a model that an exported file holds."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.utils import _pytree as pytree

from sr4ir_mm.models.phases.images import upsample
from sr4ir_mm.models.task_driven_sr import TaskDrivenSR
from sr4ir_mm.utils.errors import UserError

#: Bases of task networks -> the part that ends the graph; what follows it stays in Python. None ends after the neck.
_HEADS = {
    'ImageClassifier': 'head',
    'EncoderDecoder': 'decode_head',
    'SingleStageDetector': 'bbox_head',
    'TwoStageDetector': None,
}
_NO_GRAPH = ('CascadeEncoderDecoder', 'SingleStageInstanceSegmentor', 'DetectionTransformer')


class Graph(nn.Module):
    """What goes into the file: SR network, the way to the task space, task network up to its head.

    Args:
        model: The whole model.
        part: 'all', or 'sr' for the SR network alone.
    """

    def __init__(self, model: TaskDrivenSR, part: str = 'all') -> None:
        super().__init__()
        self.head_name = None if part == 'sr' else head_of(model)
        self.part = part
        self.scale = model.scale
        shown = 'sr' if part == 'sr' else image_of(model)
        if shown == 'sr' and 'sr_net' in model.nets():
            self.sr_net = getattr(model.sr_net, 'net', model.sr_net)
        if part == 'all':
            self.space = model.adapter.space
            self.task_net = model.task_net
            preprocessor = model.task_net.data_preprocessor
            # Mmdet's and mmseg's name for it.
            padding = getattr(preprocessor, 'pad_value', getattr(preprocessor, 'pad_val', 0))
            self.padding = float(padding or 0)
        self.structure: Any = None
        #: Detectors and segmentors are told what of an image is padding.
        self.takes_border = part == 'all' and self.head_name != 'head'

    def inputs(self, lr_rgb01: Tensor, border: Tensor | None = None) -> tuple[Tensor, ...]:
        """Arguments of :meth:`forward` for LR images; without ``border`` nothing is padding."""
        if not self.takes_border:
            return (lr_rgb01,)
        if border is None:
            count, _, height, width = lr_rgb01.shape
            border = lr_rgb01.new_zeros(count, 1, self.scale * height, self.scale * width)
        return lr_rgb01, border.to(lr_rgb01)

    def forward(self, lr_rgb01: Tensor, border: Tensor | None = None) -> tuple[Tensor, ...]:
        """LR images to SR images and what the task network makes of them.

        Args:
            lr_rgb01: (N, 3, H, W), RGB in [0, 1].
            border: (N, 1, scale H, scale W), 1 where the SR image is padding, else 0; classifiers have none.

        Returns:
            (N, 3, scale H, scale W) SR images, then the tensors of the head or the neck.
        """
        sr_rgb01 = self.enlarge(lr_rgb01)
        if self.part == 'sr':
            return (sr_rgb01,)
        task = self.space.to_task(sr_rgb01)
        if border is not None:
            task = task * (1 - border) + self.padding * border
        found = self.task_net.extract_feat(task)
        if self.head_name is not None:
            found = getattr(self.task_net, self.head_name)(found)
        tensors, self.structure = pytree.tree_flatten(found)
        return (sr_rgb01, *tensors)

    def enlarge(self, lr_rgb01: Tensor) -> Tensor:
        """What the task network is shown: SR images, or bilinearly enlarged ones (L->T)."""
        if hasattr(self, 'sr_net'):
            return self.sr_net(lr_rgb01)
        return upsample(lr_rgb01, tuple(self.scale * side for side in lr_rgb01.shape[-2:]))


def image_of(model: TaskDrivenSR) -> str:
    """The image kind that the model's task network is shown, 'sr' or 'up'.

    Raises:
        UserError: It is that of HR images, which a file that takes LR images lacks.
    """
    kind = model.test_cfg['image']
    if kind == 'hr':
        raise UserError(
            "the model predicts on HR images (test_cfg.image='hr'), which a file that takes LR images lacks; set "
            "model.test_cfg.image to 'sr' or 'up', or export the SR network alone with part='sr' (--part sr)."
        )
    return kind


def head_of(model: TaskDrivenSR) -> str | None:
    """Name of the task network's head that the graph ends with; None if it ends after the neck.

    Raises:
        UserError: The model cannot be exported; the sentence names what stands in the way.
    """
    task_net = model.task_net
    bases = [base.__name__ for base in type(task_net).__mro__]
    name = type(task_net).__name__
    refused = next((base for base in _NO_GRAPH if base in bases), None)
    known = next((base for base in _HEADS if base in bases), None)
    instead = "export the SR network alone with part='sr' (--part sr)"
    if refused or known is None:
        raise UserError(
            f'{name} cannot be exported with its task ({refused or "its class"} is not supported); {instead}.'
        )
    if getattr(model.adapter, 'resize', None) is not None:
        raise UserError(
            f'{name} enlarges SR images by adapter.resize, which has no graph of dynamic size; {instead}.'
        )
    if known == 'EncoderDecoder' and task_net.test_cfg.get('mode') == 'slide':
        raise UserError(
            f"{name} predicts in sliding windows (test_cfg.mode='slide'), which is no graph; {instead}."
        )
    return _HEADS[known]
