"""Generated batches of any task, as a pipeline would pack them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from mmengine.structures import BaseDataElement, InstanceData, PixelData
from torch import Tensor, nn

from sr4ir_mm.models.adapters import task_library
from sr4ir_mm.utils.errors import UserError

Size = tuple[int, int]
_BOXES = 3


def make_batch(
    task_net: nn.Module, sizes: list[Size], seed: int = 0, training: bool = True, masks: bool = True
) -> dict[str, list]:
    """A collated batch for a task network: smooth random images with ground truth that fits the network.

    Detection gets boxes and, if asked for, masks and a semantic map.

    Args:
        task_net: Network of mmdet, mmseg or mmpretrain; its library and numbers of classes are read.
        sizes: (height, width) of each image.
        seed: Of the random numbers; equal seeds make equal batches.
        training: Whether detection boxes come as mmdet's box type, as training pipelines pack them.
        masks: Whether detection samples hold masks and a semantic map.

    Returns:
        ``dict(inputs=[(3, H, W) uint8 BGR, ...], data_samples=[...])``.

    Raises:
        UserError: The network belongs to no known library.
    """
    makers: dict[str | None, Callable[..., BaseDataElement]] = {
        'mmdet': make_detection_sample,
        'mmseg': make_segmentation_sample,
        'mmpretrain': make_classification_sample,
    }
    make = makers.get(task_library(task_net))
    if make is None:
        raise UserError(
            f'No samples can be generated for {type(task_net).__name__}; use a model of mmdet, mmseg or mmpretrain.'
        )
    rng = np.random.default_rng(seed)
    return dict(
        inputs=[make_image(size, rng) for size in sizes],
        data_samples=[make(task_net, size, rng, training, masks) for size in sizes],
    )


def make_image(size: Size, rng: np.random.Generator) -> Tensor:
    """(3, H, W) uint8 BGR: noise of several grain sizes, so that LR and HR differ."""
    image = torch.zeros(1, 3, *size)
    for side in (4, 16, 64):
        noise = torch.from_numpy(rng.uniform(-1, 1, (1, 3, side, side))).float()
        image += torch.nn.functional.interpolate(
            noise, size=size, mode='bilinear', align_corners=False
        )
    return (127.5 + 60 * image[0]).clamp(0, 255).to(torch.uint8)


def make_detection_sample(
    task_net: nn.Module,
    size: Size,
    rng: np.random.Generator,
    training: bool = True,
    masks: bool = True,
) -> BaseDataElement:
    """A ``DetDataSample`` with boxes, and elliptic masks and a semantic map if asked for."""
    from mmdet.structures import DetDataSample
    from mmdet.structures.bbox import HorizontalBoxes
    from mmdet.structures.mask import BitmapMasks

    boxes = _boxes(size, rng)
    labels = torch.from_numpy(rng.integers(0, count_classes(task_net), _BOXES))
    sample = DetDataSample(metainfo=_metainfo(size))
    sample.gt_instances = InstanceData(
        bboxes=HorizontalBoxes(boxes) if training else boxes, labels=labels
    )
    sample.ignored_instances = InstanceData(
        bboxes=HorizontalBoxes(boxes[:0]) if training else boxes[:0], labels=labels[:0]
    )
    if masks:
        ellipses = np.stack([_ellipse(size, box) for box in boxes.tolist()])
        sample.gt_instances.masks = BitmapMasks(ellipses, *size)
        sample.gt_sem_seg = PixelData(sem_seg=_semantic_map(task_net, ellipses, labels, rng))
    return sample


def make_segmentation_sample(
    task_net: nn.Module,
    size: Size,
    rng: np.random.Generator,
    training: bool = True,
    masks: bool = True,
) -> BaseDataElement:
    """A ``SegDataSample`` with a label map of a few regions and an ignored border."""
    from mmseg.structures import SegDataSample

    classes = max(count_classes(task_net), 2)
    cells = torch.from_numpy(rng.integers(0, classes, (1, 1, 4, 4))).float()
    labels = torch.nn.functional.interpolate(cells, size=size, mode='nearest')[0].long()
    # mmseg 1.2 looks an ignored label up in the class weights and fails.
    if not any(getattr(module, 'class_weight', None) is not None for module in task_net.modules()):
        labels[:, :2] = ignored_label(task_net)
    sample = SegDataSample(metainfo=_metainfo(size))
    sample.gt_sem_seg = PixelData(data=labels)
    edges = (labels != labels.roll(4, -1)) | (labels != labels.roll(4, -2))
    sample.gt_edge_map = PixelData(data=edges.long())
    return sample


def ignored_label(segmentor: nn.Module) -> int:
    """The label that a segmentor's losses leave out; mmseg's usual 255 if it does not say."""
    labels = (getattr(module, 'ignore_index', None) for module in segmentor.modules())
    return next((label for label in labels if label is not None), 255)


def make_classification_sample(
    task_net: nn.Module,
    size: Size,
    rng: np.random.Generator,
    training: bool = True,
    masks: bool = True,
) -> BaseDataElement:
    """An mmpretrain ``DataSample`` with a label, scores for a multi-label head, box offsets for one of crops."""
    from mmpretrain.structures import DataSample

    classes = count_classes(task_net)
    label = int(rng.integers(0, classes))
    sample = DataSample(metainfo=_metainfo(size))
    sample.set_gt_label(label)
    head = type(getattr(task_net, 'head', None)).__name__
    if head == 'CropHead':
        sample.set_field(rng.normal(size=4).tolist(), 'box_deltas')
    if 'MultiLabel' in head:
        sample.set_gt_score(torch.nn.functional.one_hot(torch.tensor(label), classes).float())
    return sample


def count_classes(task_net: nn.Module) -> int:
    """Least number of classes that any part of a network knows, at least 1."""
    names = ('num_things_classes', 'num_classes')
    counts = [getattr(module, name, None) for module in task_net.modules() for name in names]
    counts = [count for count in counts if isinstance(count, int) and count > 0]
    return min(counts, default=2)


def _metainfo(size: Size) -> dict:
    return dict(
        img_id=0,
        img_path='generated.png',
        ori_shape=size,
        img_shape=size,
        pad_shape=size,
        scale_factor=(1.0, 1.0),
        flip=False,
        flip_direction=None,
        border=np.array([0, size[0], 0, size[1]], dtype=np.float32),
    )


def _boxes(size: Size, rng: np.random.Generator) -> Tensor:
    """(3, 4) boxes x1 y1 x2 y2 that lie inside the image, sides a quarter to three quarters of it."""
    height, width = size
    sides = rng.uniform(0.25, 0.75, (_BOXES, 2)) * (width, height)
    corner = rng.uniform(0, 1, (_BOXES, 2)) * ((width, height) - sides)
    return torch.from_numpy(np.concatenate([corner, corner + sides], axis=1)).float()


def _ellipse(size: Size, box: list[float]) -> np.ndarray:
    y, x = np.mgrid[: size[0], : size[1]]
    x1, y1, x2, y2 = box
    return (
        ((2 * x - x1 - x2) / (x2 - x1)) ** 2 + ((2 * y - y1 - y2) / (y2 - y1)) ** 2 <= 1
    ).astype(np.uint8)


def _semantic_map(
    task_net: nn.Module, masks: np.ndarray, labels: Tensor, rng: np.random.Generator
) -> Tensor:
    """(1, H, W): things where the masks are, one stuff class elsewhere."""
    things = _find_count(task_net, 'num_things_classes')
    stuff = _find_count(task_net, 'num_stuff_classes')
    background = things + int(rng.integers(0, stuff)) if things and stuff else 0
    semantic = torch.full(masks.shape[1:], background, dtype=torch.long)
    for mask, label in zip(masks, labels.tolist(), strict=True):
        semantic[torch.from_numpy(mask).bool()] = label
    return semantic[None]


def _find_count(task_net: nn.Module, name: str) -> int:
    counts = [getattr(module, name, None) for module in task_net.modules()]
    return next((count for count in counts if isinstance(count, int)), 0)
