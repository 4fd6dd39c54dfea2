"""A task's metric on any multiset of test images, from a run's file of predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from torch import from_numpy
from torchvision.ops import box_iou

from sr4ir_mm.evaluation.metrics.predictions_file import BOX_UNIT

IOUS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0, 1, 101)


class Score(Protocol):
    """The metric of one run.

    Attributes:
        count: Test images.
    """

    count: int

    def __call__(self, weights: np.ndarray) -> float:
        """The metric where image ``i`` occurs ``weights[i]`` times."""


class Accuracy:
    """Percentage of right answers."""

    def __init__(self, answers: Mapping[str, np.ndarray]) -> None:
        # Older files lack the prediction, which ties in 16 bits hide in a few of them.
        found = answers['predicted'] if 'predicted' in answers else answers['scores'].argmax(1)
        self.right = found == answers['labels']
        self.count = len(self.right)

    def __call__(self, weights: np.ndarray) -> float:
        """See :class:`Score`."""
        return 100 * float(weights @ self.right / weights.sum())


class MeanIoU:
    """Mean intersection over union of the classes, in percent.

    Args:
        answers: Of the file.
        part: 0 interior pixels, 1 those at boundaries, None both.
        classes: Labels whose mean it is; None for all that occur in the test images.
    """

    def __init__(
        self,
        answers: Mapping[str, np.ndarray],
        part: int | None = None,
        classes: Sequence[int] | None = None,
    ) -> None:
        confusion = answers['confusion'].astype(np.float64)
        self.confusion = confusion.sum(1) if part is None else confusion[:, part]
        self.count = len(self.confusion)
        occurring = np.flatnonzero(confusion.sum((0, 1, 3)))
        self.classes = list(occurring if classes is None else classes)

    def __call__(self, weights: np.ndarray) -> float:
        """See :class:`Score`."""
        total = np.tensordot(weights, self.confusion, 1)
        union = total.sum(0) + total.sum(1) - total.diagonal()
        there = [kind for kind in self.classes if union[kind] > 0]
        return 100 * float(np.mean(total.diagonal()[there] / union[there]))


class MeanAP:
    """COCO's mean average precision of boxes, IoU 0.5 to 0.95, at most 100 an image."""

    def __init__(self, answers: Mapping[str, np.ndarray]) -> None:
        self.count = int(answers['count'])
        order = np.argsort(-answers['scores'], kind='stable')
        self.images = answers['images'][order]
        self.classes = answers['classes'][order]
        self.hits = match(answers)[order]
        self.truth = {
            kind: np.bincount(
                answers['true_images'][answers['true_classes'] == kind], minlength=self.count
            )
            for kind in np.unique(answers['true_classes'])
        }

    def __call__(self, weights: np.ndarray) -> float:
        """See :class:`Score`; a class that no image holds is left out."""
        precisions = []
        for kind, counts in self.truth.items():
            positives = float(weights @ counts)
            if positives:
                chosen = self.classes == kind
                own = weights[self.images[chosen]][:, None]
                precisions.append(average_precision(self.hits[chosen], own, positives))
        return float(np.mean(precisions))


def average_precision(hits: np.ndarray, weights: np.ndarray, positives: float) -> float:
    """Mean over IoUs of the precision interpolated at 101 recalls.

    Args:
        hits: (n, IoUs) whether a detection finds an object, best scores first.
        weights: (n, 1) how often its image occurs.
        positives: Objects.
    """
    found = np.cumsum(hits * weights, axis=0)
    all_of_them = np.maximum(np.cumsum(weights, axis=0), 1e-9)
    recall, precision = found / positives, found / all_of_them
    precision = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
    values = np.zeros((len(RECALLS), hits.shape[1]))
    for column in range(hits.shape[1]):
        at = np.searchsorted(recall[:, column], RECALLS, side='left')
        there = at < len(precision)
        values[there, column] = precision[at[there], column]
    return float(values.mean())


def match(answers: Mapping[str, np.ndarray]) -> np.ndarray:
    """(n, IoUs) whether each detection finds an object that no better one has found, as COCO matches them."""
    hits = np.zeros((len(answers['scores']), len(IOUS)), bool)
    for image in np.unique(answers['images']):
        for kind in np.unique(answers['classes'][answers['images'] == image]):
            rows = np.flatnonzero((answers['images'] == image) & (answers['classes'] == kind))
            rows = rows[np.argsort(-answers['scores'][rows], kind='stable')]
            there = (answers['true_images'] == image) & (answers['true_classes'] == kind)
            if there.any():
                overlaps = _overlaps(answers['boxes'][rows], answers['true_boxes'][there])
                for column, least in enumerate(IOUS):
                    hits[rows, column] = _greedy(overlaps, least)
    return hits


def _overlaps(boxes: np.ndarray, true_boxes: np.ndarray) -> np.ndarray:
    first, second = (from_numpy(b.astype(np.float64) * BOX_UNIT) for b in (boxes, true_boxes))
    return box_iou(first, second).numpy()


def _greedy(overlaps: np.ndarray, least: float) -> np.ndarray:
    """Whether each row, best first, finds a column that is still free."""
    free = np.ones(overlaps.shape[1], bool)
    found = np.zeros(len(overlaps), bool)
    for row, values in enumerate(overlaps):
        values = np.where(free, values, -1)
        best = int(values.argmax())
        if values[best] >= least:
            free[best], found[row] = False, True
    return found


SCORES = {'classification': Accuracy, 'segmentation': MeanIoU, 'detection': MeanAP}


def load_score(path: Path, task: str, **options: object) -> Score:
    """The metric of the run that left the file; options are those of the metric's class."""
    with np.load(path) as file:
        return SCORES[task](dict(file), **options)
