"""Draw what the task network finds on LR, upsampled, SR and HR images, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.model import BaseTTAModel
from mmengine.runner import Runner

from sr4ir_mm.registry import HOOKS
from sr4ir_mm.utils.images import free_stem, write_image
from sr4ir_mm.utils.modules import unwrap
from sr4ir_mm.visualization.strips import TITLES, StripPainter, image_stem


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
        kinds: Sequence[str] = tuple(TITLES),
    ) -> None:
        self.draw_val = draw_val
        self.draw_test = draw_test
        self.out_dir = None if out_dir is None else Path(out_dir)
        self.max_images = max_images
        self.score_thr = score_thr
        self.kinds = tuple(kinds)
        self._drawn: set[str] = set()
        self._painter: StripPainter | None = None

    def before_val_epoch(self, runner: Runner) -> None:
        """Start anew with the names of the strips."""
        self._drawn = set()

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
    def _draw_batch(self, runner: Runner, data_batch: dict, step: int) -> None:
        if isinstance(unwrap(runner.model), BaseTTAModel):
            # Its batch is one of augmentations, whose prediction is not that of any image in it.
            return
        count = len(data_batch['inputs'])
        if self.max_images is not None:
            count = min(count, self.max_images - len(self._drawn))
        if count <= 0:
            return
        if self._painter is None:
            self._painter = self._make_painter(runner)
        strips = self._painter.strips(unwrap(runner.model), data_batch, count)
        for strip, sample in zip(strips, data_batch['data_samples'], strict=False):
            # Images of several folders may share a name, as those of image folders by class do.
            name = free_stem(image_stem(sample, len(self._drawn)), self._drawn)
            self._drawn.add(name)
            runner.visualizer.add_image(name, strip, step)
            if self.out_dir is not None:
                write_image(self.out_dir / f'{name}.png', strip[..., ::-1])

    def _make_painter(self, runner: Runner) -> StripPainter:
        return StripPainter(
            type(runner.visualizer),
            f'{runner.visualizer.instance_name}_strips',
            getattr(runner.visualizer, 'dataset_meta', None),
            self.score_thr,
            self.kinds,
        )
