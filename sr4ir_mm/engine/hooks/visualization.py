"""Draw what the task network finds on LR, upsampled, SR and HR images, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.structures import BaseDataElement

from sr4ir_mm.models.task_driven_sr import TaskDrivenSR
from sr4ir_mm.models.utils import unwrap
from sr4ir_mm.registry import HOOKS, VISBACKENDS
from sr4ir_mm.visualization.panels import caption, hstack_panels, resize, to_uint8

_TITLES = {'up': 'bilinear', 'sr': 'SR', 'hr': 'HR'}
_MIN_SIDE = 192


@HOOKS.register_module()
class SRVisualizationHook(Hook):
    """Picture strips LR | bilinear | SR | HR with the task network's predictions on each.

    Drawing goes through the task library's own visualizer, so boxes, masks and label maps look as users know them.

    Args:
        draw_val: Draw during validation too; strips go to the Runner's visualizer backends (TensorBoard etc.).
        draw_test: Draw during testing.
        out_dir: Folder for PNG files; None writes none.
        max_images: Strips a pass and process; None for all.
        score_thr: Least score of a drawn prediction.
        kinds: Image kinds shown besides LR; those the model cannot make are left out.
    """

    def __init__(
        self,
        draw_val: bool = False,
        draw_test: bool = True,
        out_dir: str | None = None,
        max_images: int | None = 8,
        score_thr: float = 0.3,
        kinds: Sequence[str] = ('up', 'sr', 'hr'),
    ) -> None:
        self.draw_val = draw_val
        self.draw_test = draw_test
        self.out_dir = None if out_dir is None else Path(out_dir)
        self.max_images = max_images
        self.score_thr = score_thr
        self.kinds = tuple(kinds)
        self._drawn = 0
        self._painter = None
        self._canvas = None

    def before_val_epoch(self, runner: Runner) -> None:
        """Start counting strips."""
        self._drawn = 0

    before_test_epoch = before_val_epoch

    def after_val_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: Sequence | None = None,
    ) -> None:
        """Draw a batch of the validation."""
        if self.draw_val:
            self._draw_batch(runner, data_batch, runner.iter)

    def after_test_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: Sequence | None = None,
    ) -> None:
        """Draw a batch of the test."""
        if self.draw_test:
            self._draw_batch(runner, data_batch, batch_idx)

    @master_only
    @torch.no_grad()
    def _draw_batch(self, runner: Runner, data_batch: dict, step: int) -> None:
        count = len(data_batch['inputs'])
        if self.max_images is not None:
            count = min(count, self.max_images - self._drawn)
        if count <= 0:
            return
        if self._painter is None:
            self._make_painter(runner)
        model = unwrap(runner.model)
        for name, strip in self.draw_strips(model, data_batch, count):
            runner.visualizer.add_image(name, strip, step)
            if self.out_dir is not None:
                self.out_dir.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(self.out_dir / f'{name}.png'), strip[..., ::-1])
        self._drawn += count

    def draw_strips(
        self, model: TaskDrivenSR, data_batch: dict, count: int
    ) -> list[tuple[str, np.ndarray]]:
        """(name, strip) of the first ``count`` images of a batch."""
        absent = set() if 'sr_net' in model.nets() else {'sr'}
        absent |= {'hr'} if model.test_cfg['input'] == 'lr' else set()
        by_kind = {
            kind: self._predict(model, data_batch, kind)
            for kind in self.kinds
            if kind not in absent
        }
        first = next(iter(by_kind.values()))
        return [
            (_stem(first[index], self._drawn + index), self._strip(model, by_kind, index))
            for index in range(count)
        ]

    @staticmethod
    def _predict(model: TaskDrivenSR, data_batch: dict, kind: str) -> list[BaseDataElement]:
        """Predict in SR coordinates, those of the panels; preprocessed anew, as predictions are
        written into samples.
        """
        preprocessor = model.data_preprocessor
        coordinates, preprocessor.coordinates = preprocessor.coordinates, 'sr'
        try:
            return model.predict(preprocessor(data_batch, False)['inputs'], kind)
        finally:
            preprocessor.coordinates = coordinates

    def _strip(
        self, model: TaskDrivenSR, by_kind: dict[str, list[BaseDataElement]], index: int
    ) -> np.ndarray:
        samples = {kind: samples[index] for kind, samples in by_kind.items()}
        any_sample = next(iter(samples.values()))
        size, factor = _panel_size(any_sample)
        lr_rgb01 = any_sample.get('lr_rgb01')
        title = f'LR {lr_rgb01.shape[-1]} x {lr_rgb01.shape[-2]}'
        panels = [caption(_enlarge(resize(to_uint8(lr_rgb01), size, nearest=True), factor), title)]
        for kind, sample in samples.items():
            image = resize(to_uint8(sample.get('sr_rgb01')), size)
            if model.test_cfg['predict_task']:
                image = self._paint(model, image, sample)
            panels.append(caption(_enlarge(image, factor), _TITLES[kind]))
        return hstack_panels(panels)

    def _paint(self, model: TaskDrivenSR, image: np.ndarray, sample: BaseDataElement) -> np.ndarray:
        model.adapter.draw(self._painter, image, sample.cpu(), pred_score_thr=self.score_thr)
        return self._canvas.image

    def _make_painter(self, runner: Runner) -> None:
        """A second visualizer of the task library's type that hands its drawings back."""
        self._canvas = VISBACKENDS.build(dict(type='sr4ir_mm.MemoryVisBackend'))
        self._painter = type(runner.visualizer)(
            name=f'{runner.visualizer.instance_name}_strips',
            vis_backends=[self._canvas],
            save_dir=runner.work_dir,
        )
        self._painter.dataset_meta = getattr(runner.visualizer, 'dataset_meta', None)


def _panel_size(sample: BaseDataElement) -> tuple[tuple[int, int], int]:
    """Size of a panel, that of the coordinates of the predictions, and the factor that makes small ones legible."""
    height, width = sample.get('ori_shape', tuple(sample.get('sr_rgb01').shape[-2:]))[:2]
    return (height, width), max(1, round(_MIN_SIDE / min(height, width)))


def _enlarge(image: np.ndarray, factor: int) -> np.ndarray:
    return resize(image, (image.shape[0] * factor, image.shape[1] * factor), nearest=True)


def _stem(sample: BaseDataElement, index: int) -> str:
    path = sample.get('img_path')
    return Path(path).stem if path else f'image_{index:05d}'
