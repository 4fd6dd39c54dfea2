"""Peak signal-to-noise ratio."""

import torch
from torch import Tensor

from sr4ir_mm.evaluation.metrics.base import ImageMetric
from sr4ir_mm.registry import METRICS


def psnr(image: Tensor, reference: Tensor) -> Tensor:
    """Peak signal-to-noise ratio of each image, over all channels together.

    Args:
        image: (N, C, H, W), [0, 1].
        reference: Same shape.

    Returns:
        (N,), dB, higher is better; infinite for equal images.
    """
    error = (image - reference).square().flatten(1).mean(1)
    return -10 * torch.log10(error)


@METRICS.register_module()
class PSNR(ImageMetric):
    """``psnr``: peak signal-to-noise ratio in dB, RGB, mean over images. Higher is better.

    Arguments as :class:`ImageMetric`.

    Source: methods.md 5.1.
    """

    names = ('psnr',)
    channel_choices = ('rgb', 'y')

    def measure(self, image: Tensor, reference: Tensor) -> tuple[float]:
        """See :meth:`ImageMetric.measure`."""
        return (psnr(image, reference).item(),)
