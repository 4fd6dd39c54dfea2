"""What all image metrics share: which images are compared, how they are prepared and averaged."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from mmengine.evaluator import BaseMetric
from torch import Tensor

from sr4ir_mm.utils.checks import check_number
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.images import luma, quantize_rgb01


class ImageMetric(BaseMetric):
    """Mean of a per-image comparison with the HR image; subclasses say what is compared.

    It lives in one mmengine ``Evaluator`` with mmdet's, mmseg's or mmpretrain's metrics. Every
    process keeps one number an image, so several processes give the mean that one would give; the
    images that a sampler repeats to fill the last batch are dropped as mmengine does for any metric.

    Args:
        image: Key of the compared image in the data sample, (3, H, W) RGB, float, [0, 1] nominal:
            ``'sr_rgb01'`` (what the task network saw) or ``'up_rgb01'`` (bilinear).
        reference: Key of the image compared with, same shape.
        crop_border: Pixels left out at each side.
        quantize: Clamp both images and round them to 8 bits first.
        channels: ``'rgb'``, or ``'y'`` for the luma that SR benchmarks compare (PSNR and SSIM alone).
        prefix: First half of the reported name; None takes the image's, so ``sr/psnr``, ``up/psnr``.
        collect_device: ``'cpu'`` or ``'gpu'``, as for any mmengine metric.
        collect_dir: Folder for collecting on the CPU, as for any mmengine metric.

    Attributes:
        names: What :meth:`measure` returns, in order. No name holds 'loss' or ends in 'lr', which
            mmengine's log processor would take for something else.
        min_side: Shortest side in px, after the border crop, that can be measured.
        channel_choices: What ``channels`` may be.

    Config::

        val_evaluator = [
            dict(type='CocoMetric', metric='bbox'),
            dict(type='sr4ir_mm.PSNR'),
            dict(type='sr4ir_mm.PSNR', image='up_rgb01'),  # bilinear beside SR
        ]

    Source: methods.md 5.1 (RGB, border crop 8, quantised, mean over images).
    """

    names: ClassVar[tuple[str, ...]] = ()
    min_side: int = 1
    channel_choices: ClassVar[tuple[str, ...]] = ('rgb',)

    def __init__(
        self,
        image: str = 'sr_rgb01',
        reference: str = 'hr_rgb01',
        crop_border: int = 8,
        quantize: bool = True,
        channels: str = 'rgb',
        prefix: str | None = None,
        collect_device: str = 'cpu',
        collect_dir: str | None = None,
    ) -> None:
        super().__init__(collect_device, prefix or image.split('_')[0], collect_dir)
        check_number(f'crop_border of {self._title}', crop_border, whole=True)
        if channels not in self.channel_choices:
            raise UserError(
                f'{self._title}: channels={channels!r} cannot be measured; choose among {self.channel_choices}.'
            )
        self.channels = channels
        self.image = image
        self.reference = reference
        self.crop_border = crop_border
        self.quantize = quantize

    @abstractmethod
    def measure(self, image: Tensor, reference: Tensor) -> Sequence[float]:
        """Compare two prepared images.

        Args:
            image: (1, 3, H, W), RGB, float64, [0, 1], border already cropped, any device; (1, 1, H, W) luma for
                ``channels='y'``.
            reference: Same shape and device.

        Returns:
            One number for each of ``names``.
        """

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Measure each sample and keep one result for it.

        Args:
            data_batch: Not used.
            data_samples: Dicts with the two images of this metric.

        Raises:
            UserError: An image is missing, the two differ in size, or one is too small.
        """
        for sample in data_samples:
            with torch.no_grad():
                pair = (self._prepare(sample, self.image), self._prepare(sample, self.reference))
                self._check_pair(*pair)
                self.results.append(tuple(self.measure(*pair)))

    def compute_metrics(self, results: list[tuple[float, ...]]) -> dict[str, float]:
        """Mean over images.

        Args:
            results: One tuple an image, of all processes, ordered as the data set.

        Returns:
            Name to mean; an infinite PSNR (equal images) makes the mean infinite.
        """
        columns = zip(*results, strict=True)
        return {
            name: sum(column) / len(results)
            for name, column in zip(self.names, columns, strict=True)
        }

    def _prepare(self, sample: dict, key: str) -> Tensor:
        image = sample.get(key)
        if image is None:
            raise UserError(self._missing(sample, key))
        image = image[None].double()
        if self.quantize:
            image = quantize_rgb01(image)
        if self.channels == 'y':
            image = luma(image)
        border = self.crop_border
        height, width = image.shape[-2:]
        if min(height, width) - 2 * border < self.min_side:
            raise UserError(
                f'{self._title}: an image of {width}x{height} px is too small for a border crop of '
                f'{border} px at each side (at least {self.min_side} px must be left); lower '
                f'crop_border or leave {self._title} out of the evaluator.'
            )
        return image[..., border : height - border, border : width - border]

    def _check_pair(self, image: Tensor, reference: Tensor) -> None:
        if image.shape != reference.shape:
            raise UserError(
                f'{self._title}: {self.image} and {self.reference} differ in shape after the border '
                f'crop ({tuple(image.shape[1:])} and {tuple(reference.shape[1:])}); compare images of '
                'one size.'
            )

    def _missing(self, sample: dict, key: str) -> str:
        if key == 'hr_rgb01':
            return (
                f"{self._title} needs the HR image 'hr_rgb01', which there is none of when real LR "
                f"images are tested (test_cfg.input='lr'); leave {self._title} out of the evaluator "
                "or test with model.test_cfg.input='hr'."
            )
        present = sorted(name for name in sample if name.endswith('_rgb01')) or ['none']
        return (
            f'{self._title}: the model returned no image {key!r} (images it returned: '
            f'{", ".join(present)}); set the argument image or reference to one of them.'
        )

    @property
    def _title(self) -> str:
        return type(self).__name__
