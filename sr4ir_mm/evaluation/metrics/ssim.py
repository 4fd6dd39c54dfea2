"""Structural similarity, by piq."""

from torch import Tensor

from sr4ir_mm.evaluation.metrics.base import ImageMetric
from sr4ir_mm.registry import METRICS

#: Side of the window in px.
WINDOW = 11


def ssim(image: Tensor, reference: Tensor) -> Tensor:
    """Structural similarity of each image: the mean over positions and channels.

    Gaussian window of 11 x 11 px, sigma 1.5, at valid positions only; K1 = 0.01, K2 = 0.03; every
    channel by itself. Equal to MATLAB's reference code and to
    ``skimage.metrics.structural_similarity(gaussian_weights=True, use_sample_covariance=False)``.

    Args:
        image: (N, C, H, W), both sides at least 11 px; float64 for exact figures; what leaves [0, 1] is clamped.
        reference: Same shape and dtype.

    Returns:
        (N,), at most 1, higher is better.

    Source: Wang et al., IEEE TIP 13 (2004) 600-612.
    """
    import piq

    # piq would average large images down first, as MATLAB's reference code does not.
    pair = image.clamp(0, 1), reference.clamp(0, 1)
    return piq.ssim(*pair, kernel_size=WINDOW, reduction='none', downsample=False)


@METRICS.register_module()
class SSIM(ImageMetric):
    """``ssim``: structural similarity, RGB, mean over images. Higher is better.

    Arguments as :class:`ImageMetric`.

    Source: Wang et al., IEEE TIP 13 (2004) 600-612; crop and quantisation of methods.md 5.1.
    """

    names = ('ssim',)
    channel_choices = ('rgb', 'y')
    min_side = WINDOW

    def measure(self, image: Tensor, reference: Tensor) -> tuple[float]:
        """See :meth:`ImageMetric.measure`."""
        return (ssim(image, reference).item(),)
