"""The image kinds of one training iteration, made when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sr4ir_mm.models.adapters import TaskAdapter
from sr4ir_mm.models.augments import CQMix
from sr4ir_mm.structures import LRHRBatch, Progress, rows_of
from sr4ir_mm.utils.modules import eval_mode, unwrap

KINDS = ('hr', 'up', 'sr', 'cqmix')


class TrainingImages:
    """Images of one batch by kind, all (N, 3, H, W) in image space and of the padded HR size.

    ``hr`` ground truth; ``up`` LR, bilinearly upsampled; ``sr`` super-resolved, neither clamped nor quantised;
    ``cqmix`` a grid of SR and HR cells, or SR objects and HR background or the reverse.

    Args:
        batch: The preprocessed batch.
        super_resolve: Maps LR to SR images.
        cqmix: The patch mix.
        adapter: Knows where objects are, for a patch mix by instance; without it, the mix is on the grid.
        progress: How far the training is, for a patch mix that changes with it.
    """

    def __init__(
        self,
        batch: LRHRBatch,
        super_resolve: Callable[[Tensor], Tensor],
        cqmix: CQMix | None,
        adapter: TaskAdapter | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.batch = batch
        self._adapter = adapter
        self._progress = progress or Progress()
        self._super_resolve = super_resolve
        self._cqmix = cqmix
        self._sr_rgb01: Tensor | None = None

    @property
    def hr_rgb01(self) -> Tensor | None:
        """Ground truth; None where a training has LR images alone."""
        return self.batch.hr_rgb01

    def super_resolve(self) -> Tensor:
        """SR images of the current SR weights, with gradient if the SR net is trainable; remembered
        for later phases.
        """
        self.remember_sr(self._super_resolve(self.batch.lr_rgb01))
        return self._sr_rgb01

    def super_resolve_still(self, sr_net: nn.Module) -> None:
        """From now on make SR images with the SR network in eval mode, as a finished one makes them."""
        in_its_mode = self._super_resolve

        def in_eval_mode(lr_rgb01: Tensor) -> Tensor:
            with eval_mode(unwrap(sr_net)):
                return in_its_mode(lr_rgb01)

        self._super_resolve = in_eval_mode

    def rows(self, rows: slice) -> TrainingImages:
        """Those of some images of the batch, which nothing is remembered of."""
        return TrainingImages(
            rows_of(self.batch, rows),
            self._super_resolve,
            self._cqmix,
            self._adapter,
            self._progress,
        )

    @property
    def sr_rgb01(self) -> Tensor | None:
        """SR images that were made last."""
        return self._sr_rgb01

    def remember_sr(self, sr_rgb01: Tensor) -> None:
        """Take SR images of the current SR weights that were made elsewhere."""
        self._sr_rgb01 = sr_rgb01

    @torch.no_grad()
    def refresh_sr(self, reuse: bool = False) -> None:
        """Make SR images without gradient.

        Args:
            reuse: Keep those that an earlier phase made before its update; saves a forward pass and lags by a step.
        """
        if reuse and self._sr_rgb01 is not None:
            self._sr_rgb01 = self._sr_rgb01.detach()
        else:
            self.super_resolve()

    @torch.no_grad()
    def draw(self, kinds: Sequence[str], reuse: bool = False) -> Tensor:
        """A batch of which each image is of the kind given for it; SR images are made for those that need one.

        Args:
            kinds: One kind an image.
            reuse: Use the SR images that an earlier phase made before its update, if it made any.
        """
        drawn = self.get('up') if self.hr_rgb01 is None else self.hr_rgb01.clone()
        rows = {kind: [i for i, own in enumerate(kinds) if own == kind] for kind in KINDS}
        if rows['up']:
            drawn[rows['up']] = self.get('up')[rows['up']].to(drawn)
        needs_sr = sorted(rows['sr'] + rows['cqmix'])
        if needs_sr:
            drawn[needs_sr] = self._sr_rows(needs_sr, reuse).to(drawn)
        if rows['cqmix']:
            sr_rgb01, hr_rgb01 = drawn[rows['cqmix']], self.hr_rgb01[rows['cqmix']]
            drawn[rows['cqmix']] = self._mix(sr_rgb01, hr_rgb01, rows['cqmix'])
        return drawn

    def _sr_rows(self, rows: list[int], reuse: bool) -> Tensor:
        if reuse and self._sr_rgb01 is not None:
            return self._sr_rgb01.detach()[rows]
        return self._super_resolve(self.batch.lr_rgb01[rows])

    def _mix(self, sr_rgb01: Tensor, hr_rgb01: Tensor, rows: list[int] | None = None) -> Tensor:
        """Mix the images, which are those rows of the batch; None for all."""
        mixed = dict(sr_rgb01=sr_rgb01, hr_rgb01=hr_rgb01, share=self._progress.share)
        if self._cqmix.mode == 'instance' and self._adapter is not None:
            objects = self._adapter.draw_objects(self.batch)
            mixed['objects'] = objects if objects is None or rows is None else objects[rows]
        return self._cqmix(mixed)['cqmix_rgb01']

    def get(self, kind: str) -> Tensor:
        """The images of one kind; ``sr`` and ``cqmix`` need a call of :meth:`super_resolve` or
        :meth:`refresh_sr` first.
        """
        if kind == 'hr':
            return self.hr_rgb01
        if kind == 'up':
            lr_rgb01, scale = self.batch.lr_rgb01, self.batch.scale
            return upsample(lr_rgb01, tuple(scale * side for side in lr_rgb01.shape[-2:]))
        if kind == 'sr':
            return self._sr_rgb01
        return self._mix(self._sr_rgb01, self.hr_rgb01)


def upsample(lr_rgb01: Tensor, size: tuple[int, int]) -> Tensor:
    """Bilinear upsampling with aligned corners, the paper's L->T baseline (methods.md 5.1)."""
    return F.interpolate(lr_rgb01, size=size, mode='bilinear', align_corners=True)
