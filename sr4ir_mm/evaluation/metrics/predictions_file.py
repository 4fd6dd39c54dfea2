"""What a model answered on each test image, in one small file, for statistics that need more than a mean."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mmengine.dist import master_only
from mmengine.evaluator import BaseMetric

from sr4ir_mm.registry import METRICS
from sr4ir_mm.utils.errors import UserError

#: Fractions of a pixel that boxes are rounded to.
BOX_UNIT = 1 / 16
#: Pixels on either side of a change of labels that count as its boundary.
BOUNDARY = 2


@METRICS.register_module()
class PredictionsFile(BaseMetric):
    """Write what was predicted for each image to a compressed ``.npz`` file; reports no metric.

    Classification: ``labels`` (N,) and ``scores`` (N, classes). Segmentation: ``confusion`` (N, 2, classes, classes),
    true labels in rows, counts of interior and of boundary pixels. Detection: one row a detection in ``images`` (its
    number), ``boxes`` (1/16 px, x1, y1, x2, y2 of the original image), ``classes``, ``scores``, and the same of the
    ground truth in ``true_images``, ``true_boxes``, ``true_classes``.

    Args:
        path: File to write; the name ends in ``.npz``.
        ignore_index: Label that is no class, in segmentation.
        collect_device: ``'cpu'`` or ``'gpu'``, as for any mmengine metric.
        collect_dir: Folder for collecting on the CPU, as for any mmengine metric.
    """

    default_prefix = None

    def __init__(
        self,
        path: str,
        ignore_index: int = 255,
        collect_device: str = 'cpu',
        collect_dir: str | None = None,
    ) -> None:
        super().__init__(collect_device, None, collect_dir)
        self.path = Path(path)
        self.ignore_index = ignore_index

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep the small part of each sample that statistics need.

        Args:
            data_batch: Not used.
            data_samples: Data samples of mmdet, mmseg or mmpretrain as dicts.

        Raises:
            UserError: A detector's samples do not hold their ground truth.
        """
        for sample in data_samples:
            if 'pred_instances' in sample:
                self.results.append(_detections(sample))
            elif 'pred_sem_seg' in sample:
                self.results.append(self._confusion(sample))
            elif 'pred_score' in sample:
                scores = sample['pred_score'].detach().cpu().numpy().astype(np.float16)
                label = int(sample['gt_label'].flatten()[0])
                # Of the whole precision: 16 bits make ties.
                predicted = np.array(int(sample['pred_score'].argmax()), np.uint16)
                labels = np.array(label, np.uint16)
                self.results.append(dict(labels=labels, predicted=predicted, scores=scores))

    def compute_metrics(self, results: list[dict[str, np.ndarray]]) -> dict[str, float]:
        """Write the file; there is nothing to report. An SR network alone predicts nothing, and leaves no file."""
        if not results:
            return {}
        if 'boxes' in results[0]:
            merged = _merge_detections(results)
        else:
            merged = {name: np.stack([r[name] for r in results]) for name in results[0]}
        _write(self.path, merged)
        return {}

    def _confusion(self, sample: Mapping[str, Any]) -> dict[str, np.ndarray]:
        predicted = sample['pred_sem_seg']['data'].squeeze(0).cpu().numpy()
        truth = sample['gt_sem_seg']['data'].squeeze(0).cpu().numpy()
        classes = int(sample['seg_logits']['data'].shape[0])
        valid = (truth != self.ignore_index) & (truth < classes)
        boundary = near_boundary(truth, BOUNDARY)
        counts = [
            np.bincount(classes * truth[part] + predicted[part], minlength=classes**2)
            for part in (valid & ~boundary, valid & boundary)
        ]
        shape = (2, classes, classes)
        return dict(confusion=np.stack(counts).reshape(shape).astype(np.uint32))


def near_boundary(labels: np.ndarray, distance: int) -> np.ndarray:
    """(H, W) whether another label lies within ``distance`` px (in a square) of a pixel.

    Args:
        labels: (H, W) integers.
        distance: In px, at least 1.
    """
    kernel = np.ones((2 * distance + 1,) * 2, np.uint8)
    labels = labels.astype(np.float32)
    return cv2.dilate(labels, kernel) != cv2.erode(labels, kernel)


def _detections(sample: Mapping[str, Any]) -> dict[str, np.ndarray]:
    found = sample['pred_instances']
    if sample.get('instances') is None:
        raise UserError(
            "PredictionsFile needs the ground truth of a detection set: add 'instances' to meta_keys of PackDetInputs."
        )
    truth = [record for record in sample['instances'] if not record.get('ignore_flag')]
    true_boxes = np.array([record['bbox'] for record in truth], np.float64).reshape(-1, 4)
    return dict(
        boxes=_fixed_point(found['bboxes'].cpu().numpy()),
        classes=found['labels'].cpu().numpy().astype(np.uint16),
        scores=found['scores'].cpu().numpy().astype(np.float32),
        true_boxes=_fixed_point(true_boxes),
        true_classes=np.array([record['bbox_label'] for record in truth], np.uint16),
    )


def _fixed_point(boxes: np.ndarray) -> np.ndarray:
    units = np.round(boxes / BOX_UNIT).clip(0, 2**32 - 1)
    return units.astype(np.uint16 if units.max(initial=0) < 2**16 else np.uint32)


def _merge_detections(results: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    merged = {name: np.concatenate([r[name] for r in results]) for name in results[0]}
    for name, of in (('images', 'classes'), ('true_images', 'true_classes')):
        counts = [len(result[of]) for result in results]
        merged[name] = np.repeat(np.arange(len(results)), counts).astype(np.uint32)
    return {**merged, 'count': np.array(len(results), np.uint32)}


@master_only
def _write(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write the file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix('.part')
    with part.open('wb') as file:
        np.savez_compressed(file, **arrays)
    os.replace(part, path)
