"""Picture strips: one image as its kinds, LR | bilinear | SR | HR, with the task network's predictions on each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from mmengine.structures import BaseDataElement
from mmengine.visualization import Visualizer

from sr4ir_mm.registry import VISBACKENDS
from sr4ir_mm.visualization.panels import caption, hstack_panels, resize, to_uint8

if TYPE_CHECKING:
    from sr4ir_mm.models.task_driven_sr import TaskDrivenSR

TITLES = {'up': 'bilinear', 'sr': 'SR', 'hr': 'HR'}
_MIN_SIDE = 192


class StripPainter:
    """Draws through the task library's own visualizer, so boxes, masks and label maps look as users know them.

    Args:
        visualizer_type: The task library's visualizer.
        name: Of the visualizer, once a process.
        dataset_meta: Names and colours of the classes.
        score_thr: Least score of a drawn prediction.
        kinds: Image kinds shown besides LR; those a model cannot make are left out.
    """

    def __init__(
        self,
        visualizer_type: type[Visualizer],
        name: str,
        dataset_meta: Mapping | None = None,
        score_thr: float = 0.3,
        kinds: Sequence[str] = tuple(TITLES),
    ) -> None:
        self.score_thr = score_thr
        self.kinds = tuple(kinds)
        self._canvas = VISBACKENDS.build(dict(type='sr4ir_mm.MemoryVisBackend'))
        self._visualizer = visualizer_type(name=name, vis_backends=[self._canvas])
        self._visualizer.dataset_meta = dataset_meta

    @torch.no_grad()
    def strips(self, model: TaskDrivenSR, data_batch: dict, count: int) -> list[np.ndarray]:
        """(H, W, 3) uint8 RGB strips of the first ``count`` images of a collated batch."""
        absent = set() if 'sr_net' in model.nets() else {'sr'}
        absent |= {'hr'} if model.test_cfg['input'] == 'lr' else set()
        by_kind = {k: predict_kind(model, data_batch, k) for k in self.kinds if k not in absent}
        return [
            self.strip(model, {TITLES[kind]: samples[index] for kind, samples in by_kind.items()})
            for index in range(count)
        ]

    def strip(self, model: TaskDrivenSR, samples: Mapping[str, BaseDataElement]) -> np.ndarray:
        """The LR image, then one panel a sample.

        Args:
            model: Whose adapter draws.
            samples: Title -> data sample of one and the same image, with predictions in SR coordinates.
        """
        sample = next(iter(samples.values()))
        size, factor = _panel_size(sample)
        lr_rgb01 = sample.get('lr_rgb01')
        title = f'LR {lr_rgb01.shape[-1]} x {lr_rgb01.shape[-2]}'
        panels = [caption(_enlarge(resize(to_uint8(lr_rgb01), size, nearest=True), factor), title)]
        panels += [self.panel(model, sample, title) for title, sample in samples.items()]
        return hstack_panels(panels)

    def panel(self, model: TaskDrivenSR, sample: BaseDataElement, title: str) -> np.ndarray:
        """What the task network saw, with what it predicted."""
        size, factor = _panel_size(sample)
        image = resize(to_uint8(sample.get('sr_rgb01')), size)
        if not _has_coordinates(sample):
            # Written on the enlarged image, the name of a class can be read.
            image, factor = _enlarge(image, factor), 1
        if model.test_cfg['predict_task'] and not self._is_void(sample):
            model.adapter.draw(self._visualizer, image, sample.cpu(), pred_score_thr=self.score_thr)
            image = self._canvas.image
        return caption(_enlarge(image, factor), title)

    def _is_void(self, sample: BaseDataElement) -> bool:
        """Whether a panoptic map has no segment, which mmdet fails to draw."""
        if 'pred_panoptic_seg' not in sample:
            return False
        # The label behind the last class stands for what belongs to no segment.
        void = len((self._visualizer.dataset_meta or {}).get('classes') or ())
        return bool((sample.pred_panoptic_seg.sem_seg == void).all())


@torch.no_grad()
def predict_kind(model: TaskDrivenSR, data_batch: dict, kind: str) -> list[BaseDataElement]:
    """Predict on one image kind, in SR coordinates, those of the panels.

    The batch is preprocessed anew each time, as predictions are written into its samples.
    """
    preprocessor = model.data_preprocessor
    coordinates, preprocessor.coordinates = preprocessor.coordinates, 'sr'
    try:
        return model.predict(preprocessor(data_batch, False)['inputs'], kind)
    finally:
        preprocessor.coordinates = coordinates


def image_stem(sample: BaseDataElement, index: int) -> str:
    """Name of a data sample's image file without folder and suffix, or its number."""
    path = sample.get('img_path')
    return Path(path).stem if path else f'image_{index:05d}'


def _panel_size(sample: BaseDataElement) -> tuple[tuple[int, int], int]:
    """Size of a panel, that of the coordinates of the predictions, and the factor that makes small ones legible."""
    size = tuple(sample.get('sr_rgb01').shape[-2:])
    height, width = sample.get('ori_shape', size)[:2] if _has_coordinates(sample) else size
    return (height, width), max(1, round(_MIN_SIDE / min(height, width)))


def _has_coordinates(sample: BaseDataElement) -> bool:
    """Boxes and label maps are told in the original image; a class is not, and its image may be a crop."""
    return any(name in sample for name in ('pred_instances', 'pred_sem_seg', 'pred_panoptic_seg'))


def _enlarge(image: np.ndarray, factor: int) -> np.ndarray:
    return resize(image, (image.shape[0] * factor, image.shape[1] * factor), nearest=True)
