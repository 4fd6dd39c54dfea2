"""Adapter of mmdet's detectors."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.logging import print_log
from mmengine.structures import BaseDataElement, PixelData
from torch import Tensor, nn

from sr4ir_mm.models.adapters.base import TaskAdapter, enlarge_labels
from sr4ir_mm.models.adapters.features import probe_features
from sr4ir_mm.registry import MODELS
from sr4ir_mm.structures import LRHRBatch, Size
from sr4ir_mm.utils.checks import check_number, check_options
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.modules import eval_mode, unwrap

_PROBE_SIDES = (64, 320)


@MODELS.register_module()
class DetectionAdapter(TaskAdapter):
    """Detectors, instance and panoptic segmentors of mmdet.

    Args:
        task_net: Task network the adapter will serve.
        resize: Enlarge images on their way into the detector, after SR: ``dict(short=800, long=1333, divisor=32)``, as
            torchvision's detectors do inside. The SR network then works at the image's native size, and the resize is
            differentiable. ``round=True`` rounds sizes as mmdet's ``Resize`` does, instead of cutting them off. None
            for pipelines that resize themselves.
        channel_order: Order in which the pipeline loads images.

    Source: methods.md 5.6 for the resize.
    """

    def __init__(
        self, task_net: nn.Module, resize: dict[str, int] | None = None, channel_order: str = 'bgr'
    ) -> None:
        super().__init__(task_net, channel_order)
        if resize is not None:
            check_options('resize of DetectionAdapter', resize)
        known = {'short', 'long', 'divisor', 'round'}
        if resize is not None and not {'short', 'long'} <= set(resize) <= known:
            raise UserError(
                f'DetectionAdapter got resize={dict(resize)}; expected dict(short=800, long=1333, divisor=32).'
            )
        for name in sorted({'short', 'long', 'divisor'} & set(resize or {})):
            check_number(f'{name} of the resize of DetectionAdapter', resize[name], 1, whole=True)
        self.resize = resize
        self._mask_pad = getattr(task_net.data_preprocessor, 'mask_pad_value', 0)
        self._label_pad = getattr(task_net.data_preprocessor, 'seg_pad_value', 255)
        self.mixes_sizes = resize is not None

    def default_layers(self, task_net: nn.Module) -> list[str]:
        """Neck levels 0 and 1, as in the paper, or as many as the neck has; without a neck the last backbone stage."""
        if getattr(task_net, 'neck', None) is None:
            return ['backbone.-1']
        return ['neck.0', 'neck.1'][: _num_outputs(task_net)]

    def valid_sizes(
        self,
        samples: Sequence[BaseDataElement],
        content: Sequence[Size],
        shapes: Sequence[Size | None],
        padded: Size,
    ) -> list[Size]:
        """Sizes that follow ``img_shape`` through batch-level resizes (``BatchSyncRandomResize``)."""
        after = [sample.get('img_shape') for sample in samples]
        sizes = [
            size if old is None or new is None else _resized(size, old, tuple(new[:2]))
            for size, old, new in zip(content, shapes, after, strict=True)
        ]
        return super().valid_sizes(samples, sizes, shapes, padded)

    def predict(
        self, task_net: nn.Module, image_rgb01: Tensor, batch: LRHRBatch
    ) -> list[BaseDataElement]:
        """See :meth:`TaskAdapter.predict`."""
        for sample in batch.samples:
            if sample.get('scale_factor') is None:
                sample.set_metainfo({'scale_factor': (1.0, 1.0)})
        return super().predict(task_net, image_rgb01, batch)

    def to_task_inputs(
        self, image_rgb01: Tensor, batch: LRHRBatch, for_prediction: bool = False
    ) -> tuple[Tensor, list[BaseDataElement]]:
        """See :meth:`TaskAdapter.to_task_inputs`; with ``resize``, boxes, masks and metainfo are scaled along."""
        if self.resize is None:
            return super().to_task_inputs(image_rgb01, batch, for_prediction)
        native, samples = super().to_task_inputs(image_rgb01, batch, for_prediction)
        images = [
            self._enlarge(image[:, :h, :w])
            for image, (h, w) in zip(native, batch.sizes, strict=True)
        ]
        inputs = _pad_and_stack(images, self.resize.get('divisor', 1))
        padded, target = tuple(native.shape[-2:]), tuple(inputs.shape[-2:])
        for sample, image, size in zip(samples, images, batch.sizes, strict=True):
            new = tuple(image.shape[-2:])
            _rescale_metainfo(sample, size, new, target)
            if not for_prediction:
                self._rescale_targets(sample, size, new, padded, target)
        return inputs, samples

    def _rescale_targets(
        self, sample: BaseDataElement, old: Size, new: Size, padded: Size, target: Size
    ) -> None:
        """Scale ground truth with an image that went from ``old`` to ``new``, in a batch from ``padded`` to ``target``.

        What the data preprocessor has padded to the batch holds more than the image.
        """
        for name in ('gt_instances', 'ignored_instances'):
            instances = sample.get(name)
            if instances is None:
                continue
            _rescale_boxes(instances, (new[1] / old[1], new[0] / old[0]))
            masks = instances.get('masks')
            if masks is not None:
                resized = masks.crop(np.array([0, 0, old[1], old[0]])).resize(new)
                was_padded = (masks.height, masks.width) == padded
                instances.masks = resized.pad(target, self._mask_pad) if was_padded else resized
        if sample.get('gt_sem_seg') is not None:
            labels = sample.gt_sem_seg.sem_seg[..., : old[0], : old[1]]
            resized = F.interpolate(labels[None].float(), size=new, mode='nearest')[0].to(labels)
            rest = (0, target[1] - new[1], 0, target[0] - new[0])
            sample.gt_sem_seg = PixelData(sem_seg=F.pad(resized, rest, value=self._label_pad))

    def _enlarge(self, image: Tensor) -> Tensor:
        """Resize one (3, h, w) image to the short side, at most the long side.

        The size is the reference's to the pixel: it divides by tensors, that is multiplies by a reciprocal in single
        precision, and cuts the product off, so that 375 x 500 px become 799 x 1066. mmdet rounds: 800 x 1067.
        """
        sides = torch.tensor(image.shape[-2:])
        factor = min(self.resize['short'] / sides.min(), self.resize['long'] / sides.max())
        half = 0.5 if self.resize.get('round') else 0
        size = tuple(max(int(side * factor + half), 1) for side in image.shape[-2:])
        return F.interpolate(image[None], size=size, mode='bilinear', align_corners=False)[0]

    def class_scores(self, task_net: nn.Module, image_rgb01: Tensor, batch: LRHRBatch) -> Tensor:
        """Sums of the scores of what is found; see :meth:`TaskAdapter.class_scores`."""
        found = [s.pred_instances for s in self.predict(task_net, image_rgb01, batch)]
        counts = [getattr(module, 'num_classes', 0) for module in unwrap(task_net).modules()]
        most = max(count for count in counts if isinstance(count, int))
        zeros = image_rgb01.new_zeros(most)
        return torch.stack([zeros.index_add(0, item.labels, item.scores) for item in found])

    def draw_objects(self, batch: LRHRBatch) -> Tensor:
        """What the boxes hold, which nothing has resized yet; see :meth:`TaskAdapter.draw_objects`."""
        size, device = tuple(batch.task_inputs.shape[-2:]), batch.task_inputs.device
        found = [_inside(sample.get('gt_instances'), size, device) for sample in batch.samples]
        return torch.stack(found)[:, None]

    def enlarge_targets(self, samples: Sequence[BaseDataElement], scale: int) -> None:
        """Boxes, masks and the semantic map; see :meth:`TaskAdapter.enlarge_targets`."""
        for sample in samples:
            for name in ('gt_instances', 'ignored_instances'):
                instances = sample.get(name)
                if instances is None:
                    continue
                _rescale_boxes(instances, (scale, scale))
                masks = instances.get('masks')
                if masks is not None:
                    instances.masks = masks.resize((scale * masks.height, scale * masks.width))
            enlarge_labels(sample, ('gt_sem_seg',), scale)

    def draw(
        self, visualizer: Any, image_rgb: np.ndarray, sample: BaseDataElement, **options: Any
    ) -> None:
        """Draw predicted boxes and masks; see :meth:`TaskAdapter.draw`."""
        visualizer.add_datasample('prediction', image_rgb, sample, draw_gt=False, **options)


def _resized(size: Size, old: Size, new: Size) -> Size:
    """Where a region of an image of size ``old`` ends once that image has size ``new``."""
    return tuple(max(round(side * n / o), 1) for side, o, n in zip(size, old, new, strict=True))


def _num_outputs(task_net: nn.Module) -> int:
    """Number of feature levels of a detector's neck: what it announces, else what it makes of a small image.

    Where that fails it is taken for one, with a warning that says why.
    """
    neck = task_net.neck
    last = list(neck.children())[-1] if isinstance(neck, nn.Sequential) else neck
    for name in ('num_outs', 'num_outputs', 'num_levels'):
        if isinstance(getattr(last, name, None), int):
            return getattr(last, name)
    try:
        with eval_mode(task_net):
            return len(probe_features(task_net, ['neck'], _PROBE_SIDES))
    except RuntimeError as error:  # too small for its strides (SSD), or anything else
        reason = str(error)
    print_log(
        f'{type(neck).__name__} does not say how many feature levels it has, and a plain image could not be passed '
        f'({reason}); the TDP loss compares neck.0 alone, name others with tdp=dict(layers=[...]).',
        logger='current',
        level=logging.WARNING,
    )
    return 1


def _inside(instances: BaseDataElement | None, size: Size, device: torch.device) -> Tensor:
    """(h, w) bool: whether the middle of a pixel is in any of the instances' boxes, (n, 4) corners in px."""
    boxes = None if instances is None else instances.get('bboxes')
    if boxes is None:
        return torch.zeros(size, dtype=torch.bool, device=device)
    left, top, right, bottom = getattr(boxes, 'tensor', boxes).to(device).T[..., None]
    y, x = (torch.arange(side, device=device) + 0.5 for side in size)
    rows, columns = (top <= y) & (y < bottom), (left <= x) & (x < right)
    # A product of matrices, so that memory holds no map for each box.
    return rows.float().T @ columns.float() > 0


def _rescale_metainfo(sample: BaseDataElement, old: Size, new: Size, target: Size) -> None:
    """Note that a sample's image went from ``old`` to ``new``, in a batch padded to ``target``."""
    before = sample.get('scale_factor', (1.0, 1.0))
    factor = (before[0] * (new[1] / old[1]), before[1] * (new[0] / old[0]))
    shapes = {'img_shape': new, 'batch_input_shape': target, 'pad_shape': target}
    sample.set_metainfo({**shapes, 'scale_factor': factor})


def _rescale_boxes(instances: BaseDataElement, factors: tuple[float, float]) -> None:
    boxes = instances.get('bboxes')
    if boxes is not None:
        instances.bboxes = boxes * boxes.new_tensor([*factors, *factors])


def _pad_and_stack(images: Sequence[Tensor], divisor: int) -> Tensor:
    """Pad images with zeros at the right and bottom to the largest size, rounded up to ``divisor``, and stack them."""
    height, width = (
        math.ceil(max(image.shape[axis] for image in images) / divisor) * divisor
        for axis in (-2, -1)
    )
    return torch.stack(
        [F.pad(i, (0, width - i.shape[-1], 0, height - i.shape[-2])) for i in images]
    )
