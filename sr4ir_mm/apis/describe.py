"""Predictions in words and as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from mmengine.structures import BaseDataElement
from torch import Tensor

#: mmdet writes a segment of a panoptic map as label + 1000 x number.
_SEGMENT_STEP = 1000


def class_names(dataset_meta: Mapping) -> dict[int, str]:
    """Class names by label; empty where the model knows none."""
    return dict(enumerate(dataset_meta.get('classes') or ()))


def describe(sample: BaseDataElement, dataset_meta: Mapping, score_thr: float = 0.3) -> str:
    """A data sample's predictions in words.

    Args:
        sample: Of mmdet, mmseg or mmpretrain.
        dataset_meta: ``classes``, the names.
        score_thr: Least score of a box, or of one class of several, that is told.
    """
    names = class_names(dataset_meta)
    if 'pred_instances' in sample:
        return _describe_boxes(sample, names, score_thr)
    if 'pred_sem_seg' in sample:
        labels = sample.pred_sem_seg.data.unique().tolist()
        return 'contains ' + ', '.join(str(names.get(label, label)) for label in labels)
    if 'pred_panoptic_seg' in sample:
        told = dict.fromkeys(segment['name'] for segment in _segments(sample, names))
        return 'contains ' + (', '.join(told) or 'nothing')
    if 'pred_label' in sample:
        return _describe_classes(sample, names, score_thr)
    return 'super-resolved'


def _describe_boxes(sample: BaseDataElement, names: Mapping[int, str], score_thr: float) -> str:
    found = sample.pred_instances
    found = found[found.scores >= score_thr]
    rows = zip(found.labels.tolist(), found.scores.tolist(), found.bboxes.tolist(), strict=True)
    told = [
        f'{names.get(label, label)} {score:.2f} at {[round(side, 1) for side in box]}'
        for label, score, box in rows
    ]
    return ', '.join(told) or 'nothing'


def _describe_classes(sample: BaseDataElement, names: Mapping[int, str], score_thr: float) -> str:
    """The class, whatever its score, or the sufficiently sure ones of a classifier of several labels."""
    labels = sample.pred_label.reshape(-1).tolist()
    told = [
        f'{names.get(label, label)} {float(sample.pred_score[label]):.2f}'
        for label in labels
        if len(labels) == 1 or sample.pred_score[label] >= score_thr
    ]
    return ', '.join(told) or 'nothing'


def as_dict(sample: BaseDataElement, dataset_meta: Mapping) -> dict[str, Any]:
    """A data sample's predictions as plain data.

    Boxes are x1, y1, x2, y2 in px, masks COCO's run lengths (``pycocotools.mask.decode``). Classifiers give the
    ``labels`` they chose and the ``scores`` of all classes; where it is one label, as it always is of those that choose
    among classes, ``label`` and ``name`` are it.
    """
    names = class_names(dataset_meta)
    if 'pred_instances' in sample:
        return _instances(sample, names)
    if 'pred_sem_seg' in sample:
        labels, counts = sample.pred_sem_seg.data.unique(return_counts=True)
        pixels = dict(zip(labels.tolist(), counts.tolist(), strict=True))
        return dict(pixels={names.get(label, str(label)): count for label, count in pixels.items()})
    if 'pred_panoptic_seg' in sample:
        return dict(segments=_segments(sample, names))
    if 'pred_label' in sample:
        labels = sample.pred_label.reshape(-1).tolist()
        told = [names.get(label, str(label)) for label in labels]
        one = dict(label=labels[0], name=told[0]) if len(labels) == 1 else {}
        return dict(one, labels=labels, names=told, scores=sample.pred_score.tolist())
    return {}


def _instances(sample: BaseDataElement, names: Mapping[int, str]) -> dict[str, Any]:
    found = sample.pred_instances
    labels = found.labels.tolist()
    masks = dict(masks=_run_lengths(found.masks)) if 'masks' in found else {}
    return dict(
        labels=labels,
        names=[names.get(label, str(label)) for label in labels],
        scores=found.scores.tolist(),
        bboxes=found.bboxes.tolist(),
        **masks,
    )


def _run_lengths(masks: Tensor) -> list[dict[str, Any]]:
    """(N, H, W) masks as COCO's run lengths, which fit into JSON."""
    from pycocotools import mask as coco

    array = np.asfortranarray(masks.cpu().numpy().astype(np.uint8).transpose(1, 2, 0))
    return [{**code, 'counts': code['counts'].decode()} for code in coco.encode(array)]


def _segments(sample: BaseDataElement, names: Mapping[int, str]) -> list[dict[str, Any]]:
    """Segments of a panoptic map: value in the map, label, name and px; what belongs to none is left out."""
    values, counts = sample.pred_panoptic_seg.sem_seg.unique(return_counts=True)
    # The label behind the last class stands for what belongs to no segment.
    return [
        dict(
            value=value,
            label=value % _SEGMENT_STEP,
            name=names.get(value % _SEGMENT_STEP, str(value % _SEGMENT_STEP)),
            pixels=count,
        )
        for value, count in zip(values.tolist(), counts.tolist(), strict=True)
        if not names or value != len(names)
    ]


def label_map(sample: BaseDataElement) -> np.ndarray | None:
    """(H, W) labels of a segmentation, or values of a panoptic one's segments; None for other predictions."""
    if 'pred_sem_seg' in sample:
        labels = sample.pred_sem_seg.data
    elif 'pred_panoptic_seg' in sample:
        labels = sample.pred_panoptic_seg.sem_seg
    else:
        return None
    array = labels.squeeze(0).cpu().numpy()
    # Values of segments are larger than a byte.
    return array.astype(np.uint8 if 'pred_sem_seg' in sample else np.uint16)
