"""Predictions in words and as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.structures import BaseDataElement


def class_names(dataset_meta: Mapping) -> dict[int, str]:
    """Class names by label; empty where the model knows none."""
    return dict(enumerate(dataset_meta.get('classes') or ()))


def describe(sample: BaseDataElement, dataset_meta: Mapping, score_thr: float = 0.3) -> str:
    """A data sample's predictions in words.

    Args:
        sample: Of mmdet, mmseg or mmpretrain.
        dataset_meta: ``classes``, the names.
        score_thr: Least score of a box that is told.
    """
    names = class_names(dataset_meta)
    if 'pred_instances' in sample:
        return _describe_boxes(sample, names, score_thr)
    if 'pred_sem_seg' in sample:
        labels = sample.pred_sem_seg.data.unique().tolist()
        return 'contains ' + ', '.join(str(names.get(label, label)) for label in labels)
    if 'pred_label' in sample:
        label = int(sample.pred_label)
        return f'{names.get(label, label)} {float(sample.pred_score[label]):.2f}'
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


def as_dict(sample: BaseDataElement, dataset_meta: Mapping) -> dict[str, Any]:
    """A data sample's predictions as plain data: labels with names, scores, boxes (x1, y1, x2, y2 in px)."""
    names = class_names(dataset_meta)
    if 'pred_instances' in sample:
        found = sample.pred_instances
        labels = found.labels.tolist()
        return dict(
            labels=labels,
            names=[names.get(label, str(label)) for label in labels],
            scores=found.scores.tolist(),
            bboxes=found.bboxes.tolist(),
        )
    if 'pred_sem_seg' in sample:
        labels, counts = sample.pred_sem_seg.data.unique(return_counts=True)
        pixels = dict(zip(labels.tolist(), counts.tolist(), strict=True))
        return dict(pixels={names.get(label, str(label)): count for label, count in pixels.items()})
    if 'pred_label' in sample:
        label = int(sample.pred_label)
        scores = sample.pred_score.tolist()
        return dict(label=label, name=names.get(label, str(label)), scores=scores)
    return {}
