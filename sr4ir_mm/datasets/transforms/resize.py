"""Resizing as torchvision does it."""

from __future__ import annotations

from mmcv.transforms import Resize

from sr4ir_mm.registry import TRANSFORMS


@TRANSFORMS.register_module()
class ResizeShortSide(Resize):
    """Resize the shorter side to a fixed length with PIL's antialiased bilinear filter; labels by nearest neighbour.

    mmcv's ``Resize`` rounds the longer side to the nearest pixel, torchvision cuts it off: a 500 x 333 image becomes
    780 px wide here, 781 there.

    Required keys: ``img``. Changed keys: ``img``, ``img_shape``, ``scale``, ``scale_factor``, and the annotations that
    are present (``gt_seg_map``, ``gt_bboxes``, ``gt_keypoints``).

    Args:
        side: Length of the shorter side in px.
        as_original: Let the resized image count as the original one (``ori_shape``, a ``scale_factor`` of 1), so that
            predictions stay at its size and are compared with the resized label map, as the reference evaluates
            segmentation.
        kwargs: ``backend``, ``interpolation`` and others of mmcv's ``Resize``.

    Source: methods.md 5.5 and 5.7.
    """

    def __init__(
        self, side: int, as_original: bool = False, backend: str = 'pillow', **kwargs: object
    ) -> None:
        super().__init__(scale=(side, side), keep_ratio=False, backend=backend, **kwargs)
        self.side = side
        self.as_original = as_original

    def transform(self, results: dict) -> dict:
        """Resize the image and its annotations."""
        height, width = results['img'].shape[:2]
        long_side = int(self.side * max(height, width) / min(height, width))
        self.scale = (long_side, self.side) if width >= height else (self.side, long_side)
        results = super().transform(results)
        if self.as_original:
            results['ori_shape'] = results['img_shape']
            results['scale_factor'] = (1.0, 1.0)
        return results
