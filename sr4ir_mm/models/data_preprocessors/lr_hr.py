"""From a batch of loaded images to an LR/HR pair in image space."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from mmengine.model import BaseDataPreprocessor
from mmengine.structures import BaseDataElement
from torch import Tensor, nn

from sr4ir_mm.models.adapters import TaskAdapter, content_size
from sr4ir_mm.models.degradations import build_degradation, seed_of_name
from sr4ir_mm.registry import MODELS
from sr4ir_mm.structures import LRHRBatch, Size, copy_sample
from sr4ir_mm.utils.errors import UserError

_BORDERS = ('reflect', 'replicate')


@MODELS.register_module()
class LRHRDataPreprocessor(BaseDataPreprocessor):
    """Run the task network's own preprocessor once, go back to image space, and degrade.

    Channel order, normalisation, padding and batch augmentations of any model-zoo config therefore hold. The padded
    border is filled from the image before it is degraded, so that no edge of constant colour leaks into LR pixels.
    LR images that a batch brings along as ``lr_inputs`` (:class:`sr4ir_mm.datasets.PackPair`) are used as they are.

    A degradation that draws random numbers draws them from the process's in training, so that a resumed run goes on
    with them. In evaluation it gets one image at a time and a seed that follows from the image's file name: metrics are
    then equal from run to run, for any batch size and any number of processes.

    Args:
        task_preprocessor: The task network's data preprocessor (shared, not copied), or the config of one.
        adapter: The task network's adapter, or the config of one.
        degradation: Maps (N, 3, H, W) HR to (N, 3, H / scale, W / scale) LR images; a config of
            ``BicubicDegradation`` or of the type it names, None for the defaults.
        scale: Factor of the SR network.
        input: In evaluation, ``'hr'`` degrades the loaded images; ``'lr'`` takes them as LR images.
        train_input: The same in training; with ``'lr'``, boxes and label maps are enlarged along with the images.
        border: ``'reflect'`` (replication where reflection cannot) or ``'replicate'``.
        coordinates: For LR input, ``'lr'`` or ``'sr'``: the image whose coordinates predictions come back in.
        min_lr_size: Smaller LR images are extended to this side before SR and cropped after it, since window-based
            networks pad by reflection.
        non_blocking: Whether the copy to the device may overlap with computation.
    """

    def __init__(
        self,
        task_preprocessor: nn.Module | Mapping,
        adapter: TaskAdapter | Mapping,
        degradation: nn.Module | Mapping | None,
        scale: int,
        input: str = 'hr',
        border: str = 'reflect',
        coordinates: str = 'lr',
        min_lr_size: int = 8,
        non_blocking: bool = False,
        train_input: str = 'hr',
    ) -> None:
        super().__init__(non_blocking=non_blocking)
        for name, value, choices in (
            ('input', input, ('hr', 'lr')),
            ('train_input', train_input, ('hr', 'lr')),
            ('border', border, _BORDERS),
            ('coordinates', coordinates, ('lr', 'sr')),
        ):
            if value not in choices:
                raise UserError(f'{name}={value!r} is unknown; choose one of {choices}.')
        if isinstance(task_preprocessor, Mapping):
            task_preprocessor = MODELS.build(dict(task_preprocessor))
        if isinstance(adapter, Mapping):
            lender = SimpleNamespace(data_preprocessor=task_preprocessor)
            adapter = MODELS.build({**adapter, 'task_net': lender})
        self.task_preprocessor = task_preprocessor
        self.adapter = adapter
        self.degradation = build_degradation(degradation, scale)
        self.scale = scale
        self.input = input
        self.train_input = train_input
        self.border = border
        self.coordinates = coordinates
        self.min_lr_size = min_lr_size

    @torch.no_grad()
    def forward(self, data: dict, training: bool = False) -> dict:
        """Preprocess one collated batch.

        Args:
            data: ``inputs`` and ``data_samples`` as the task library's pipeline packs them; ``lr_inputs``, (3, h, w)
                8-bit LR images, where they come from files.
            training: Whether ground truth is padded and batch augmentations are applied.

        Returns:
            ``dict(inputs=LRHRBatch, data_samples=...)``.

        Raises:
            UserError: An LR image from a file does not fit its HR image.
        """
        # Mixed precision (``val_cfg.fp16``) is meant for the networks; LR images of another blur would be another
        # benchmark.
        with torch.autocast(self.device.type, enabled=False):
            return self._pair(data, training)

    def _pair(self, data: dict, training: bool) -> dict:
        content, shapes = _before_preprocessing(data)
        stored = self.cast_data(data.get('lr_inputs'))
        if training and stored is not None:
            self._check_unmixed()
        data = {key: value for key, value in data.items() if key != 'lr_inputs'}
        data = self.task_preprocessor(data, training)
        task_inputs, samples = data['inputs'], data['data_samples']
        padded = tuple(task_inputs.shape[-2:])
        sizes = self.adapter.valid_sizes(samples, content, shapes, padded)
        if (self.train_input if training else self.input) == 'lr':
            batch = self._pair_from_lr(task_inputs, samples, sizes, training)
        elif stored is not None:
            make_lr = partial(self._take, stored, sizes, samples)
            batch = self._pair_from_hr(task_inputs, samples, sizes, make_lr)
        else:
            make_lr = partial(self._degrade, sizes, samples, training)
            batch = self._pair_from_hr(task_inputs, samples, sizes, make_lr)
        return dict(inputs=batch, data_samples=batch.samples)

    def _check_unmixed(self) -> None:
        """Check that HR images are not mixed with each other where LR images from files would stay as they are."""
        augments = getattr(self.task_preprocessor, 'batch_augments', None)
        if type(augments).__name__ == 'RandomBatchAugment':
            raise UserError(
                'LR images from files do not follow the batch_augments (Mixup, CutMix) of the task network, which mix '
                'HR images; set model.task_net.data_preprocessor.batch_augments to None, or degrade the HR images.'
            )

    def _pair_from_hr(
        self,
        task_inputs: Tensor,
        samples: list[BaseDataElement],
        sizes: list[Size],
        make_lr: Callable[[Tensor], Tensor],
    ) -> LRHRBatch:
        target = tuple(self._target_side(side, self.scale) for side in task_inputs.shape[-2:])
        # Colour jitter of a pipeline may leave the range of an image; LR images do not follow it there.
        hr_rgb01 = self.adapter.space.to_image(task_inputs).clamp(0, 1)
        hr_rgb01 = self._fill(hr_rgb01, sizes, target)
        return LRHRBatch(
            hr_rgb01=hr_rgb01,
            lr_rgb01=make_lr(hr_rgb01),
            task_inputs=task_inputs,
            border=_border_mask(task_inputs, sizes),
            sizes=sizes,
            samples=samples,
            scale=self.scale,
        )

    def _degrade(
        self, sizes: list[Size], samples: list[BaseDataElement], training: bool, hr_rgb01: Tensor
    ) -> Tensor:
        """LR images of HR images; in evaluation with random numbers that depend on nothing but the image."""
        if training or not getattr(self.degradation, 'random', False):
            return self.degradation(hr_rgb01)
        images = []
        for image, sample, size in zip(hr_rgb01, samples, sizes, strict=True):
            content = image[None, :, : size[0], : size[1]]
            target = tuple(self._target_side(side, self.scale) for side in size)
            seed = sample_seed(sample, content)
            images.append(self.degradation(extend(content, target, self.border), [seed])[0])
        return self._stack_lr(images, hr_rgb01)

    def _take(
        self,
        stored: Sequence[Tensor],
        sizes: list[Size],
        samples: list[BaseDataElement],
        hr_rgb01: Tensor,
    ) -> Tensor:
        """LR images from files."""
        for image, (height, width), sample in zip(stored, sizes, samples, strict=True):
            expected = (math.ceil(height / self.scale), math.ceil(width / self.scale))
            if tuple(image.shape[-2:]) != expected:
                raise UserError(
                    f'The LR image of {sample.get("img_path", "a sample")} has {image.shape[-1]} x {image.shape[-2]} '
                    f'px, but its HR image comes with {width} x {height} px, which at scale {self.scale} needs '
                    f'{expected[1]} x {expected[0]}; leave resizes and crops of the HR image alone out of the pipeline.'
                )
        images = [self.adapter.space.loaded_to_image(image[None])[0] for image in stored]
        return self._stack_lr(images, hr_rgb01)

    def _stack_lr(self, images: Sequence[Tensor], hr_rgb01: Tensor) -> Tensor:
        """One batch of (3, h, w) LR images, extended to what the padded HR images need."""
        target = tuple(side // self.scale for side in hr_rgb01.shape[-2:])
        return torch.cat([extend(image[None], target, self.border) for image in images])

    def _pair_from_lr(
        self,
        task_inputs: Tensor,
        samples: list[BaseDataElement],
        sizes: list[Size],
        training: bool,
    ) -> LRHRBatch:
        target = tuple(self._target_side(side, 1) for side in task_inputs.shape[-2:])
        lr_rgb01 = self._fill(self.adapter.space.to_image(task_inputs), sizes, target)
        samples = [copy_sample(sample) for sample in samples]
        self.adapter.enlarge_metainfo(
            samples, self.scale, keep_coordinates=self.coordinates == 'lr'
        )
        if training:
            self.adapter.enlarge_targets(samples, self.scale)
        enlarged = F.interpolate(task_inputs, scale_factor=self.scale, mode='nearest')
        sizes = [(self.scale * height, self.scale * width) for height, width in sizes]
        return LRHRBatch(
            hr_rgb01=None,
            lr_rgb01=lr_rgb01,
            task_inputs=enlarged,
            border=_border_mask(enlarged, sizes),
            sizes=sizes,
            samples=samples,
            scale=self.scale,
        )

    def _target_side(self, side: int, scale: int) -> int:
        """Smallest multiple of ``scale`` that holds ``side`` and whose LR side is not below the minimum."""
        return max(math.ceil(side / scale), self.min_lr_size) * scale

    def _fill(self, image_rgb01: Tensor, sizes: Sequence[Size], target: Size) -> Tensor:
        """Extend each image's unpadded region to the target size."""
        if all(size == tuple(image_rgb01.shape[-2:]) for size in sizes):
            return extend(image_rgb01, target, self.border)
        images = [
            extend(image[None, :, :height, :width], target, self.border)
            for image, (height, width) in zip(image_rgb01, sizes, strict=True)
        ]
        return torch.cat(images)


def sample_seed(sample: BaseDataElement, image: Tensor) -> int:
    """A number that belongs to a sample: of its file's name and folder, or of its pixels if it has no name."""
    path = sample.get('img_path')
    if path:
        return seed_of_name(path)
    return zlib.crc32((image * 255).round().byte().cpu().numpy().tobytes())


def _before_preprocessing(data: dict) -> tuple[list[Size], list[Size | None]]:
    """Where each loaded image ends, and what its sample calls ``img_shape``."""
    samples = data.get('data_samples') or [BaseDataElement() for _ in data['inputs']]
    content = [content_size(i, s) for i, s in zip(data['inputs'], samples, strict=True)]
    shapes = [sample.get('img_shape') for sample in samples]
    return content, [None if shape is None else tuple(shape[:2]) for shape in shapes]


def extend(image: Tensor, target: Size, border: str = 'reflect') -> Tensor:
    """Extend (N, 3, H, W) images at the right and bottom to ``target``.

    Reflection needs a border smaller than the image; where it is not, the edge is replicated (as the reference does).
    """
    height, width = image.shape[-2:]
    pad_height, pad_width = target[0] - height, target[1] - width
    if pad_height == 0 and pad_width == 0:
        return image
    mode = border if pad_height < height and pad_width < width else 'replicate'
    return F.pad(image, (0, pad_width, 0, pad_height), mode=mode)


def _border_mask(task_inputs: Tensor, sizes: Sequence[Size]) -> Tensor | None:
    """True where a batch image lies outside its unpadded region; None if no image has a border."""
    height, width = task_inputs.shape[-2:]
    if all(size == (height, width) for size in sizes):
        return None
    mask = torch.ones(len(sizes), 1, height, width, dtype=torch.bool, device=task_inputs.device)
    for row, (valid_height, valid_width) in zip(mask, sizes, strict=True):
        row[:, :valid_height, :valid_width] = False
    return mask
