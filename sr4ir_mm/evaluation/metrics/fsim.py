"""Feature similarity (FSIM) and its colour version (FSIMc)."""

from functools import lru_cache
from math import log, pi, sqrt
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from sr4ir_mm.evaluation.metrics.base import ImageMetric
from sr4ir_mm.registry import METRICS

SCALES = 4
ORIENTATIONS = 4
MIN_WAVELENGTH = 6.0  # px, of the finest filter
WAVELENGTH_FACTOR = 2.0  # from one scale to the next
SIGMA_ON_F = 0.55  # bandwidth of the log-Gabor filters
ANGLE_SPACING_ON_SIGMA = 1.2
NOISE_SIGMAS = 2.0  # how far above the mean noise energy the threshold lies
NOISE_DIVISOR = 1.7  # empirical, as in the authors' code
T_PHASE, T_GRADIENT, T_CHROMA = 0.85, 160.0, 200.0
CHROMA_POWER = 0.03
EPS = 1e-4


class _FilterBank(NamedTuple):
    """Log-Gabor filters in the frequency domain, DC at index (0, 0)."""

    transfer: Tensor  # (orientations, scales, H, W), real
    noise_gain: Tensor  # (orientations,): expected squared response to noise of unit power


def _frequencies(count: int, device: torch.device) -> Tensor:
    """Cycles per px in FFT order; an odd count reaches 0.5 as well, as in the authors' code."""
    index = torch.fft.fftfreq(count, 1 / count, dtype=torch.float64, device=device)
    return index / max(count - count % 2, 1)


@lru_cache(maxsize=8)
def _filter_bank(height: int, width: int, device: torch.device) -> _FilterBank:
    """Build the bank for one image size; float64."""
    fy, fx = (_frequencies(n, device) for n in (height, width))
    fy, fx = fy[:, None], fx[None]
    radius = torch.sqrt(fx.square() + fy.square())
    theta = torch.atan2(-fy, fx)
    low_pass = 1 / (1 + (radius / 0.45) ** 30)  # Butterworth, n = 15: no filter reaches the corners
    radius[0, 0] = 1  # its logarithm is taken below

    wavelengths = [MIN_WAVELENGTH * WAVELENGTH_FACTOR**s for s in range(SCALES)]
    radial = torch.stack(
        [
            torch.exp(-((radius * w).log() ** 2) / (2 * log(SIGMA_ON_F) ** 2)) * low_pass
            for w in wavelengths
        ]
    )
    radial[:, 0, 0] = 0
    sigma = pi / ORIENTATIONS / ANGLE_SPACING_ON_SIGMA
    angles = torch.arange(ORIENTATIONS, dtype=torch.float64, device=device) * pi / ORIENTATIONS
    delta = theta - angles[:, None, None]
    delta = torch.atan2(delta.sin(), delta.cos()).abs()
    angular = torch.exp(-delta.square() / (2 * sigma**2))

    transfer = angular[:, None] * radial[None]
    kernels = torch.fft.ifft2(transfer).real * sqrt(height * width)
    squares = kernels.square().sum((1, 2, 3))
    # sum_i<j a_i a_j = ((sum a)^2 - sum a^2) / 2
    products = (kernels.sum(1).square() - kernels.square().sum(1)).sum((1, 2)) / 2
    finest_energy = transfer[:, 0].square().sum((1, 2))
    return _FilterBank(transfer, (2 * squares + 4 * products) / finest_energy)


def phase_congruency(luminance: Tensor) -> Tensor:
    """How well the Fourier components agree in phase at each pixel: edges, lines, corners.

    Args:
        luminance: (N, H, W), [0, 255], float64.

    Returns:
        (N, H, W), [0, 1].

    Source: Kovesi, Videre 1 (1999) no. 3, with the constants of methods.md section 2.
    """
    bank = _filter_bank(*luminance.shape[-2:], luminance.device)
    spectrum = torch.fft.fft2(luminance)[:, None, None]
    # (N, O, S, H, W); real part: even filters, imaginary part: odd ones.
    response = torch.fft.ifft2(spectrum * bank.transfer)
    amplitude = response.abs()
    total = response.sum(2, keepdim=True)
    direction = total / (total.abs() + EPS)
    # Projection on the mean phase, less the part at right angles to it.
    turned = response * direction.conj()
    energy = (turned.real - turned.imag.abs()).sum(2)

    # Noise energy is judged by the median response of the finest scale (Rayleigh distribution).
    power = amplitude[:, :, 0].square().flatten(2)
    noise_power = _median(power) / log(2)
    tau = torch.sqrt(noise_power * bank.noise_gain / 2)
    threshold = tau * (sqrt(pi / 2) + NOISE_SIGMAS * sqrt(2 - pi / 2)) / NOISE_DIVISOR
    energy = (energy - threshold[..., None, None]).clamp(min=0)
    return energy.sum(1) / amplitude.sum((1, 2)).clamp(min=torch.finfo(amplitude.dtype).tiny)


def _median(values: Tensor) -> Tensor:
    """Median over the last dimension, the mean of the middle two where their number is even."""
    ordered = values.sort(-1).values
    count = values.shape[-1]
    return (ordered[..., (count - 1) // 2] + ordered[..., count // 2]) / 2


def gradient_magnitude(luminance: Tensor) -> Tensor:
    """Length of the Scharr gradient, zero outside the image.

    Args:
        luminance: (N, H, W), [0, 255].

    Returns:
        (N, H, W), in units of luminance.
    """
    scharr = luminance.new_tensor([[3, 0, -3], [10, 0, -10], [3, 0, -3]]) / 16
    kernels = torch.stack([scharr, scharr.T])[:, None]
    return F.conv2d(luminance[:, None], kernels, padding=1).norm(dim=1)


def _to_yiq(rgb: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(N, 3, H, W) RGB in [0, 255] to three maps (N, H, W)."""
    matrix = rgb.new_tensor(
        [[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]]
    )
    return torch.einsum('yc,nchw->nyhw', matrix, rgb).unbind(1)


def _similarity(a: Tensor, b: Tensor, constant: float) -> Tensor:
    return (2 * a * b + constant) / (a.square() + b.square() + constant)


def fsim(image: Tensor, reference: Tensor) -> tuple[Tensor, Tensor]:
    """Feature similarity of each image, without and with colour.

    Images are averaged down to a shorter side of about 256 px first, as the authors do.

    Args:
        image: (N, 3, H, W), RGB, [0, 1], float64.
        reference: Same shape.

    Returns:
        FSIM and FSIMc, (N,) each, at most 1, higher is better. Without any structure in both
        images (phase congruency zero everywhere) the unweighted mean stands in for the weighted.

    Source: Zhang et al., IEEE TIP 20 (2011) 2378-2386; methods.md section 2.
    """
    factor = max(1, round(min(image.shape[-2:]) / 256))
    y1, i1, q1 = _to_yiq(F.avg_pool2d(image * 255, factor))
    y2, i2, q2 = _to_yiq(F.avg_pool2d(reference * 255, factor))
    phase1, phase2 = phase_congruency(y1), phase_congruency(y2)
    weight = torch.maximum(phase1, phase2)
    # An image without structure has no weight anywhere.
    weight = torch.where(weight.sum((1, 2), keepdim=True) > 0, weight, torch.ones_like(weight))
    similarity = _similarity(phase1, phase2, T_PHASE) * _similarity(
        gradient_magnitude(y1), gradient_magnitude(y2), T_GRADIENT
    )
    chroma = _similarity(i1, i2, T_CHROMA) * _similarity(q1, q2, T_CHROMA)
    # Opposite hues give a negative product, whose real power the authors' code takes.
    angle = torch.where(chroma < 0, pi * CHROMA_POWER, 0.0)
    chroma = chroma.abs() ** CHROMA_POWER * torch.cos(angle)
    mean, mean_c = (
        (s * weight).sum((1, 2)) / weight.sum((1, 2)) for s in (similarity, similarity * chroma)
    )
    return mean, mean_c


@METRICS.register_module()
class FSIM(ImageMetric):
    """``fsim`` and ``fsimc``: feature similarity, mean over images. Higher is better.

    Arguments as :class:`ImageMetric`.

    Source: Zhang et al., IEEE TIP 20 (2011) 2378-2386; methods.md section 2.
    """

    names = ('fsim', 'fsimc')
    min_side = 3

    def measure(self, image: Tensor, reference: Tensor) -> tuple[float, float]:
        """See :meth:`ImageMetric.measure`."""
        plain, colour = fsim(image, reference)
        return plain.item(), colour.item()
