"""LR images that are stored beside the HR images, instead of made from them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import PurePath

import numpy as np
import torch
from mmcv.transforms import BaseTransform

from sr4ir_mm.datasets.transforms.loading import LoadImage
from sr4ir_mm.registry import TRANSFORMS
from sr4ir_mm.utils.checks import check_number
from sr4ir_mm.utils.errors import UserError

_FLIPS = {'horizontal': (1,), 'vertical': (0,), 'diagonal': (0, 1)}


@TRANSFORMS.register_module()
class LoadLRImage(LoadImage):
    """Load the LR image that belongs to the HR image loaded before.

    Required keys: ``img_path``. Added keys: ``lr_path``, ``lr_img``.

    Args:
        hr_dir: Part of the HR image's path that differs from the LR image's, such as ``'/HR/'``.
        lr_dir: What stands there in the LR image's path, such as ``'/LRx4/'``.
        name: Name of the LR file, with ``{stem}`` and ``{suffix}`` of the HR image's: ``'{stem}x4.png'`` for DIV2K.
        kwargs: Arguments of :class:`LoadImage`.

    Raises:
        UserError: The HR image's path does not hold ``hr_dir``; or as :class:`LoadImage`.
    """

    def __init__(
        self, hr_dir: str, lr_dir: str, name: str = '{stem}{suffix}', **kwargs: object
    ) -> None:
        super().__init__(**kwargs)
        self.hr_dir, self.lr_dir, self.name = hr_dir, lr_dir, name

    def transform(self, results: dict) -> dict | None:
        """Load it."""
        path = self.lr_path(str(results['img_path']))
        loaded = super().transform(dict(img_path=path))
        return None if loaded is None else {**results, 'lr_path': path, 'lr_img': loaded['img']}

    def lr_path(self, hr_path: str) -> str:
        """Path of the LR image."""
        before, found, after = hr_path.rpartition(self.hr_dir)
        if not found:
            raise UserError(
                f'{hr_path} does not hold hr_dir={self.hr_dir!r} of LoadLRImage, so its LR image cannot be found; set '
                'hr_dir and lr_dir to the parts in which the two paths differ.'
            )
        file = PurePath(after)
        name = self.name.format(stem=file.stem, suffix=file.suffix)
        return f'{before}{self.lr_dir}{after.removesuffix(file.name)}{name}'


@TRANSFORMS.register_module()
class FlipLRImage(BaseTransform):
    """Flip the LR image as the ``RandomFlip`` before it, of whatever library, has flipped the HR image.

    Required keys: ``lr_img``; ``flip`` and ``flip_direction`` where ``RandomFlip`` has set them. Changed keys:
    ``lr_img``.

    Raises:
        UserError: The last LR pixel is a cut one, since the HR image is no multiple of the scale: flipped it would come
            first, and what follows would lie elsewhere than in the HR image.
    """

    def transform(self, results: dict) -> dict:
        """Flip it."""
        if results.get('flip'):
            _check_whole(results['img'].shape[:2], results['lr_img'].shape[:2])
            image = np.flip(results['lr_img'], _FLIPS[results['flip_direction']])
            results['lr_img'] = np.ascontiguousarray(image)
        return results


def _check_whole(hr_size: tuple[int, int], lr_size: tuple[int, int]) -> None:
    if any(hr % lr for hr, lr in zip(hr_size, lr_size, strict=True)):
        raise UserError(
            f'an HR image of {hr_size[0]} x {hr_size[1]} px is flipped with an LR image of {lr_size[0]} x '
            f'{lr_size[1]}, whose last pixels are cut ones; crop the pair before (CropPair), or cut the HR images to a '
            'multiple of the scale, as tools/dataset_converters/make_lr.py does.'
        )


@TRANSFORMS.register_module()
class CropPair(BaseTransform):
    """Crop the same place out of the HR image, its label map and its LR image.

    Required keys: ``img``, ``lr_img``. Changed keys: ``img``, ``img_shape``, ``lr_img`` and, if present,
    ``gt_seg_map``. Boxes cannot be cropped; detectors take whole images.

    Args:
        size: Side of the HR crop in px, a multiple of the scale.
        scale: Factor between the two.
        random: Crop at a random place; False for the middle.

    Raises:
        UserError: An LR image is not of its HR image's size divided by the scale, rounded up; an HR image is smaller
            than the crop; or there are boxes.
    """

    def __init__(self, size: int, scale: int, random: bool = True) -> None:
        self.scale = check_number('CropPair scale', scale, least=1, whole=True)
        self.size = check_number('CropPair size', size, least=scale, whole=True)
        if size % scale:
            raise UserError(
                f'CropPair size={size} is no multiple of the scale {scale}; take {size - size % scale}.'
            )
        self.random = random

    def transform(self, results: dict) -> dict:
        """Crop them."""
        self._check(results)
        side = self.size // self.scale
        # Whole LR pixels: the last one is cut where the HR side is no multiple of the scale.
        room = [length // self.scale - side for length in results['img'].shape[:2]]
        drawn = [np.random.randint(space + 1) if self.random else space // 2 for space in room]
        results['lr_img'] = _cut(results['lr_img'], drawn, side)
        place = [self.scale * offset for offset in drawn]
        for key in ('img', 'gt_seg_map'):
            if key in results:
                results[key] = _cut(results[key], place, self.size)
        results['img_shape'] = results['img'].shape[:2]
        return results

    def _check(self, results: dict) -> None:
        if len(results.get('gt_bboxes', ())):
            raise UserError(
                'CropPair cannot crop boxes; leave it out of the pipeline of a detector, which takes whole images.'
            )
        height, width = results['img'].shape[:2]
        lr_height, lr_width = results['lr_img'].shape[:2]
        expected = (math.ceil(height / self.scale), math.ceil(width / self.scale))
        if (lr_height, lr_width) != expected:
            raise UserError(
                f'{results.get("lr_path", "The LR image")} has {lr_width} x {lr_height} px, but its HR image has '
                f'{width} x {height} px, which at scale {self.scale} needs {expected[1]} x {expected[0]}; set '
                'lr_dir of LoadLRImage to the LR images of this scale, or the scale to that of the LR images.'
            )
        if min(height, width) < self.size:
            raise UserError(
                f'{results.get("img_path", "The HR image")} of {width} x {height} px is too small for a crop of '
                f'{self.size} px; take smaller crops.'
            )


@TRANSFORMS.register_module()
class PackPair(BaseTransform):
    """Pack as the task library does, and the LR image as ``lr_inputs`` beside it.

    Args:
        pack: Config of the library's own packing transform, such as ``dict(type='mmdet.PackDetInputs')``.
    """

    def __init__(self, pack: Mapping) -> None:
        self.pack = TRANSFORMS.build(dict(pack))

    def transform(self, results: dict) -> dict:
        """Pack; ``lr_inputs`` is (3, h, w) uint8 in the order of the loader, left out without an LR image."""
        packed = self.pack(results)
        if 'lr_img' in results:
            image = np.ascontiguousarray(results['lr_img'].transpose(2, 0, 1))
            packed['lr_inputs'] = torch.from_numpy(image)
        return packed


def _cut(image: np.ndarray, place: list[int], side: int) -> np.ndarray:
    return np.ascontiguousarray(image[place[0] : place[0] + side, place[1] : place[1] + side])
