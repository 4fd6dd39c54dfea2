"""What a right answer is: objects, regions and images judged one by one, for any task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from mmengine.structures import BaseDataElement, PixelData
from torch import Tensor
from torchvision.ops import box_iou

from sr4ir_mm.utils.errors import UserError

MIN_IOU = 0.5
MIN_SCORE = 0.3
#: Predictions below this tell nothing about calibration and are many.
_LEAST_CONFIDENCE = 0.05
_MOST_PIXELS = 2000
_IGNORED = 255


@dataclass(frozen=True)
class Judgement:
    """What one run makes of one image.

    Attributes:
        merit: Of the whole image, 0 to 1: F1 score of boxes (IoU 0.5, score 0.3), mean IoU of classes, probability of
            the true class.
        items: Merit of each object (1 found, 0 not), region of a class (IoU), or of the image; same order as
            :func:`items_of`.
        confidences: Score of each judged prediction.
        right: Whether it was right.
    """

    merit: float
    items: list[float]
    confidences: list[float] = field(default_factory=list)
    right: list[bool] = field(default_factory=list)


@dataclass(frozen=True)
class Item:
    """What is to be found: an object, the region of a class, or the image.

    Attributes:
        label: Its class.
        size: Square root of its area, in px of the original image.
        box: (x1, y1, x2, y2) of an object.
    """

    label: int
    size: float
    box: tuple[float, ...] | None = None


def items_of(info: Mapping[str, Any], sample: BaseDataElement) -> list[Item]:
    """What is to be found on one image.

    Args:
        info: The data set's own record of it.
        sample: Its data sample.

    Raises:
        UserError: It may belong to several classes at once.
    """
    if 'pred_instances' in sample:
        return [_object(record) for record in info['instances'] if not record.get('ignore_flag')]
    if 'pred_sem_seg' in sample:
        labels, counts = np.unique(true_map(sample), return_counts=True)
        pairs = zip(labels.tolist(), counts.tolist(), strict=True)
        return [Item(label, count**0.5) for label, count in pairs if label != _IGNORED]
    height, width = sample.get('ori_shape')[:2]
    return [Item(_only_label(sample), (height * width) ** 0.5)]


def _only_label(sample: BaseDataElement) -> int:
    """The class of an image."""
    truth, predicted = sample.gt_label, sample.pred_label
    # A classifier of several labels predicts as many as it finds, also where the truth is one.
    if truth.numel() != 1 or predicted.numel() != 1:
        raise UserError(
            f'an image has {truth.numel()} true and {predicted.numel()} predicted labels, but a report judges '
            'classifiers by the one class of an image; report runs of such.'
        )
    return int(truth)


def _object(record: Mapping[str, Any]) -> Item:
    x1, y1, x2, y2 = record['bbox']
    size = max((x2 - x1) * (y2 - y1), 0) ** 0.5
    return Item(int(record['bbox_label']), size, (x1, y1, x2, y2))


def judge(sample: BaseDataElement, items: Sequence[Item]) -> Judgement:
    """Judge the predictions of one data sample, told in the original image's coordinates."""
    if 'pred_instances' in sample:
        return _judge_boxes(sample.pred_instances, items)
    if 'pred_sem_seg' in sample:
        return _judge_map(sample, items)
    scores = sample.pred_score
    probability, best = float(scores[items[0].label]), int(scores.argmax())
    return Judgement(probability, [probability], [float(scores[best])], [best == items[0].label])


def match_boxes(found: BaseDataElement, items: Sequence[Item]) -> list[int]:
    """Number of the object that each box finds, best scores first, each object once; -1 for none."""
    boxes = torch.tensor([item.box for item in items], dtype=torch.float32).reshape(-1, 4)
    labels = torch.tensor([item.label for item in items], dtype=torch.long)
    overlaps = box_iou(found.bboxes.float(), boxes)
    overlaps[found.labels[:, None] != labels[None]] = 0
    matches, taken = [-1] * len(found), set()
    for row in found.scores.argsort(descending=True).tolist():
        for column in overlaps[row].argsort(descending=True).tolist():
            if column not in taken and overlaps[row, column] >= MIN_IOU:
                taken.add(column)
                matches[row] = column
                break
    return matches


def _judge_boxes(found: BaseDataElement, items: Sequence[Item]) -> Judgement:
    found = found[found.scores >= _LEAST_CONFIDENCE]
    matches = match_boxes(found, items)
    scores = found.scores.tolist()
    shown = [match for match, score in zip(matches, scores, strict=True) if score >= MIN_SCORE]
    hits = {match for match in shown if match >= 0}
    total = len(shown) + len(items)
    merit = 2 * len(hits) / total if total else 1.0
    each = [float(index in hits) for index in range(len(items))]
    return Judgement(merit, each, scores, [match >= 0 for match in matches])


def true_map(sample: BaseDataElement) -> np.ndarray:
    """(H, W) labels of the ground truth at the size of the prediction; 255 is to be ignored."""
    truth = sample.gt_sem_seg.data.squeeze(0)
    size = tuple(sample.pred_sem_seg.data.shape[-2:])
    if tuple(truth.shape) != size:
        nearest = torch.nn.functional.interpolate(truth[None, None].float(), size=size)
        truth = nearest[0, 0].to(truth.dtype)
    logits = sample.get('seg_logits')
    if logits is not None and len(logits.data) > 1:
        # Labels without a class, such as CamVid's void, are no mistake of anyone.
        truth = truth.masked_fill(truth >= len(logits.data), _IGNORED)
    return truth.cpu().numpy()


def forget_void(sample: BaseDataElement, classes: int) -> None:
    """Have labels that name no class, such as CamVid's void, ignored, also where the head has an output for them."""
    if 'gt_sem_seg' in sample:
        truth = sample.gt_sem_seg.data
        sample.gt_sem_seg = PixelData(data=truth.masked_fill(truth >= classes, _IGNORED))


def _judge_map(sample: BaseDataElement, items: Sequence[Item]) -> Judgement:
    truth = true_map(sample)
    predicted = sample.pred_sem_seg.data.squeeze(0).cpu().numpy()
    valid = truth != _IGNORED
    overlaps = [_iou((predicted == i.label) & valid, truth == i.label) for i in items]
    confidences, right = _pixels(sample.get('seg_logits'), truth, predicted, valid)
    return Judgement(float(np.mean(overlaps)) if overlaps else 1.0, overlaps, confidences, right)


def _iou(predicted: np.ndarray, truth: np.ndarray) -> float:
    union = (predicted | truth).sum()
    return float((predicted & truth).sum() / union) if union else 1.0


def _pixels(
    logits: BaseDataElement | None, truth: np.ndarray, predicted: np.ndarray, valid: np.ndarray
) -> tuple[list[float], list[bool]]:
    """Confidence and rightness of evenly spread pixels."""
    if logits is None or logits.data.shape[0] < 2:
        return [], []
    confidence: Tensor = logits.data.softmax(0).amax(0)
    chosen = np.flatnonzero(valid.ravel())
    chosen = chosen[:: max(len(chosen) // _MOST_PIXELS, 1)]
    right = (predicted == truth).ravel()[chosen]
    return confidence.flatten()[torch.from_numpy(chosen)].tolist(), right.tolist()


def calibration(
    confidences: Sequence[float], right: Sequence[bool], bins: int = 10
) -> tuple[float, list[tuple[float, float, int]]]:
    """Expected calibration error and, for each bin of confidence, mean confidence, share of right answers, count.

    Source: Guo et al., On Calibration of Modern Neural Networks, ICML 2017.
    """
    values, hits = np.asarray(confidences, dtype=float), np.asarray(right, dtype=float)
    number = np.minimum((values * bins).astype(int), bins - 1)
    rows = [
        (
            float(values[number == b].mean()),
            float(hits[number == b].mean()),
            int((number == b).sum()),
        )
        for b in range(bins)
        if (number == b).any()
    ]
    total = max(len(values), 1)
    return sum(count / total * abs(mean - share) for mean, share, count in rows), rows


def size_bounds(sizes: Sequence[float]) -> tuple[float, float]:
    """Sizes that part all items into three groups of about the same number."""
    low, high = np.quantile(sizes, [1 / 3, 2 / 3]) if len(sizes) else (0.0, 0.0)
    return float(low), float(high)


def size_name(size: float, bounds: tuple[float, float]) -> str:
    """'small', 'medium' or 'large'."""
    return 'small' if size <= bounds[0] else 'medium' if size <= bounds[1] else 'large'


def stratified_ap(
    predictions: Sequence[BaseDataElement],
    items: Sequence[Sequence[Item]],
    bounds: tuple[float, float],
) -> dict[str, float]:
    """COCO's mAP over all objects and over those of each size.

    Args:
        predictions: ``pred_instances`` of each image, in the original image's coordinates.
        items: Its objects.
        bounds: See :func:`size_bounds`.
    """
    from contextlib import redirect_stdout
    from io import StringIO

    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    truth, found = _coco_records(predictions, items)
    with redirect_stdout(StringIO()):
        coco = COCO()
        coco.dataset = truth
        coco.createIndex()
        if not found:
            return dict.fromkeys(('all', 'small', 'medium', 'large'), 0.0)
        evaluation = COCOeval(coco, coco.loadRes(found), 'bbox')
        low, high = (bound**2 for bound in bounds)
        # COCO's ranges hold both of their ends, and the bounds are sizes of objects.
        evaluation.params.areaRng = [[0, 1e10], [0, low], [_above(low), high], [_above(high), 1e10]]
        evaluation.params.areaRngLbl = ['all', 'small', 'medium', 'large']
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval['precision'][..., -1]
    parts = [precision[..., area] for area in range(4)]
    means = [float(p[p > -1].mean()) if (p > -1).any() else float('nan') for p in parts]
    return dict(zip(evaluation.params.areaRngLbl, means, strict=True))


def _above(bound: float) -> float:
    return float(np.nextafter(bound, np.inf))


def _coco_records(
    predictions: Sequence[BaseDataElement], items: Sequence[Sequence[Item]]
) -> tuple[dict, list[dict]]:
    annotations, found = [], []
    for image, (instances, objects) in enumerate(zip(predictions, items, strict=True)):
        for item in objects:
            annotation = dict(id=len(annotations) + 1, image_id=image, iscrowd=0)
            annotation.update(category_id=item.label, bbox=_xywh(item.box), area=item.size**2)
            annotations.append(annotation)
        rows = zip(instances.bboxes, instances.labels, instances.scores, strict=True)
        for box, label, score in rows:
            record = dict(image_id=image, category_id=int(label), bbox=_xywh(box.tolist()))
            found.append({**record, 'score': float(score)})
    labels = {item.label for objects in items for item in objects}
    categories = [dict(id=label) for label in sorted(labels)]
    images = [dict(id=image) for image in range(len(items))]
    return dict(images=images, annotations=annotations, categories=categories), found


def _xywh(box: Sequence[float]) -> list[float]:
    x1, y1, x2, y2 = box
    return [x1, y1, x2 - x1, y2 - y1]
