"""Structural similarity."""

import torch
import torch.nn.functional as F
from torch import Tensor

from sr4ir_mm.evaluation.metrics.base import ImageMetric
from sr4ir_mm.registry import METRICS

WINDOW = 11
SIGMA = 1.5


def gaussian_window(size: int, sigma: float, like: Tensor) -> Tensor:
    """Sampled Gaussian of sum 1.

    Args:
        size: Number of taps, odd.
        sigma: Standard deviation in px.
        like: Tensor whose dtype and device are taken.

    Returns:
        (size,).
    """
    offsets = torch.arange(size, dtype=like.dtype, device=like.device) - size // 2
    window = torch.exp(-offsets.square() / (2 * sigma**2))
    return window / window.sum()


def _blur(images: Tensor, window: Tensor) -> Tensor:
    """Separable filter of (M, 1, H, W), valid positions only."""
    rows = F.conv2d(images, window.view(1, 1, -1, 1))
    return F.conv2d(rows, window.view(1, 1, 1, -1))


def ssim(image: Tensor, reference: Tensor) -> Tensor:
    """Structural similarity of each image: the mean over positions and channels.

    Gaussian window of 11 x 11 px, sigma 1.5, at valid positions only; K1 = 0.01, K2 = 0.03; every
    channel by itself. Equal to MATLAB's reference code and to
    ``skimage.metrics.structural_similarity(gaussian_weights=True, use_sample_covariance=False)``.

    Args:
        image: (N, C, H, W), [0, 1], both sides at least 11 px; float64 for exact figures.
        reference: Same shape.

    Returns:
        (N,), at most 1, higher is better.

    Source: Wang et al., IEEE TIP 13 (2004) 600-612.
    """
    window = gaussian_window(WINDOW, SIGMA, like=image)
    x, y = (t.flatten(0, 1)[:, None] for t in (image, reference))
    mean_x, mean_y = _blur(x, window), _blur(y, window)
    var_x = _blur(x * x, window) - mean_x.square()
    var_y = _blur(y * y, window) - mean_y.square()
    cov = _blur(x * y, window) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    luminance = (2 * mean_x * mean_y + c1) / (mean_x.square() + mean_y.square() + c1)
    structure = (2 * cov + c2) / (var_x + var_y + c2)
    return (luminance * structure).view(len(image), -1).mean(1)


@METRICS.register_module()
class SSIM(ImageMetric):
    """``ssim``: structural similarity, RGB, mean over images. Higher is better.

    Arguments as :class:`ImageMetric`.

    Source: Wang et al., IEEE TIP 13 (2004) 600-612; crop and quantisation of methods.md 5.1.
    """

    names = ('ssim',)
    min_side = WINDOW

    def measure(self, image: Tensor, reference: Tensor) -> tuple[float]:
        """See :meth:`ImageMetric.measure`."""
        return (ssim(image, reference).item(),)
