"""Steps of a degradation: blur, resize, noise, JPEG. Each works on a batch where that is."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.io import decode_jpeg, encode_jpeg

from sr4ir_mm.models.degradations.base import Dice
from sr4ir_mm.registry import MODELS
from sr4ir_mm.utils.checks import check_number
from sr4ir_mm.utils.errors import UserError

#: A fixed number, or the least and the largest of random ones.
Range = float | Sequence[float]
_ANTIALIASED = ('bilinear', 'bicubic')
_MODES = ('nearest', 'nearest-exact', 'bilinear', 'bicubic', 'area')


class Step(nn.Module, ABC):
    """One step of a :class:`DegradationChain`.

    Args:
        prob: Probability that it is done to a sample.
    """

    def __init__(self, prob: float = 1.0) -> None:
        super().__init__()
        self.prob = check_number('prob', prob, most=1)

    def forward(self, images: Tensor, dice: Dice) -> Tensor:
        """(N, C, H, W) images, [0, 1], to the same with the step done to those whose dice say so."""
        chosen = dice.chance(self.prob) if self.prob < 1 else [True] * len(images)
        rows = [index for index, done in enumerate(chosen) if done]
        if not rows:
            return images
        if len(rows) == len(images):
            return self.apply_to(images, dice)
        return replace_rows(images, rows, self.apply_to(images[rows], dice.rows(rows)))

    @abstractmethod
    def apply_to(self, images: Tensor, dice: Dice) -> Tensor:
        """Do it to all of (N, C, H, W) images."""


def replace_rows(images: Tensor, rows: Sequence[int], new: Tensor) -> Tensor:
    """A copy of a batch with some images replaced."""
    images = images.clone()
    images[rows] = new
    return images


@MODELS.register_module()
class GaussianBlur(Step):
    """Blur with a Gaussian kernel, isotropic or anisotropic at a random angle.

    Args:
        sigma: Standard deviation in px of the image it is applied to, fixed or (least, largest).
        kernel_size: Side of the kernel in px, odd.
        anisotropic: Probability of a kernel with two standard deviations and an angle.
        prob: Probability that a sample is blurred.

    Source: Wang et al., Real-ESRGAN, 2021, section 3; methods.md 6.
    """

    def __init__(
        self, sigma: Range, kernel_size: int = 21, anisotropic: float = 0.0, prob: float = 1.0
    ) -> None:
        super().__init__(prob)
        self.sigma = check_range('blur sigma', sigma, least=1e-3)
        self.kernel_size = check_number('blur kernel_size', kernel_size, least=1, whole=True)
        if kernel_size % 2 == 0:
            raise UserError(
                f'blur kernel_size={kernel_size} has no middle; take the odd {kernel_size + 1}.'
            )
        self.anisotropic = check_number('blur anisotropic', anisotropic, most=1)

    def apply_to(self, images: Tensor, dice: Dice) -> Tensor:
        """See :class:`Step`."""
        sigma_x, sigma_y = dice.uniform(*self.sigma), dice.uniform(*self.sigma)
        angle = dice.uniform(-math.pi, math.pi)
        round_ones = ~torch.tensor(dice.chance(self.anisotropic))
        sigma_y = torch.where(round_ones, sigma_x, sigma_y)
        return blur(images, gaussian_kernels(self.kernel_size, sigma_x, sigma_y, angle))


def gaussian_kernels(side: int, sigma_x: Tensor, sigma_y: Tensor, angle: Tensor) -> Tensor:
    """Rotated Gaussian kernels.

    Args:
        side: In px, odd.
        sigma_x: (N,) standard deviations along the first axis, in px.
        sigma_y: (N,) along the second.
        angle: (N,) of the first axis to the image's x axis, in radians.

    Returns:
        (N, side, side), each of sum 1.
    """
    steps = torch.arange(side) - side // 2
    y, x = torch.meshgrid(steps, steps, indexing='ij')
    sigma_x, sigma_y, angle = (value.view(-1, 1, 1) for value in (sigma_x, sigma_y, angle))
    along = x * angle.cos() + y * angle.sin()
    across = y * angle.cos() - x * angle.sin()
    kernels = torch.exp(-0.5 * ((along / sigma_x) ** 2 + (across / sigma_y) ** 2))
    return kernels / kernels.sum((1, 2), keepdim=True)


def blur(images: Tensor, kernels: Tensor) -> Tensor:
    """Filter each of (N, C, H, W) images with its own (N, k, k) kernel; edges are reflected, or replicated where the
    image is too small for that.
    """
    count, channels, height, width = images.shape
    reach = kernels.shape[-1] // 2
    mode = 'reflect' if reach < min(height, width) else 'replicate'
    padded = F.pad(images, (reach,) * 4, mode=mode).flatten(0, 1)[None]
    weights = kernels.to(images).repeat_interleave(channels, 0)[:, None]
    return F.conv2d(padded, weights, groups=count * channels).view_as(images)


@MODELS.register_module()
class Resize(Step):
    """Resize by a factor. A batch has one size, so the first sample's dice decide for all that are passed together.

    Args:
        factor: Of both sides, fixed or (least, largest).
        divisor: The same as a divisor, drawn evenly from its range, instead of ``factor``.
        modes: One of PyTorch's modes ``'nearest'``, ``'nearest-exact'``, ``'bilinear'``, ``'bicubic'`` and ``'area'``,
            or several to draw from.
        antialias: Filter before sampling, as PIL and MATLAB do and OpenCV does not; bilinear and bicubic alone.
        prob: Probability that a batch is resized.
    """

    def __init__(
        self,
        factor: Range | None = None,
        modes: str | Sequence[str] = 'bicubic',
        antialias: bool = False,
        prob: float = 1.0,
        divisor: Range | None = None,
    ) -> None:
        super().__init__(prob)
        if (factor is None) == (divisor is None):
            raise UserError(
                f'Resize got factor={factor} and divisor={divisor}; give one of them, such as factor=(0.25, 1.0).'
            )
        self.divides = factor is None
        self.factor = check_range('resize factor', divisor if self.divides else factor, least=1e-3)
        self.modes = check_modes([modes] if isinstance(modes, str) else list(modes))
        self.antialias = antialias

    def forward(self, images: Tensor, dice: Dice) -> Tensor:
        """See :class:`Step`."""
        return self.apply_to(images, dice) if dice.chance(self.prob)[0] else images

    def apply_to(self, images: Tensor, dice: Dice) -> Tensor:
        """See :class:`Step`."""
        drawn = float(dice.uniform(*self.factor)[0])
        factor = 1 / drawn if self.divides else drawn
        mode = self.modes[int(dice.uniform(0, len(self.modes))[0])]
        size = tuple(max(1, round(side * factor)) for side in images.shape[-2:])
        return resize(images, size, mode, self.antialias)


def resize(images: Tensor, size: tuple[int, int], mode: str, antialias: bool = False) -> Tensor:
    """(N, C, H, W) images at another (height, width)."""
    if tuple(images.shape[-2:]) == size:
        return images
    return F.interpolate(images, size=size, mode=mode, antialias=antialias and mode in _ANTIALIASED)


@MODELS.register_module()
class GaussianNoise(Step):
    """Add Gaussian noise.

    Args:
        sigma: Standard deviation in grey levels of 255, fixed or (least, largest).
        grey: Probability that all channels of a sample get the same noise.
        prob: Probability that a sample gets any.
    """

    def __init__(self, sigma: Range, grey: float = 0.0, prob: float = 1.0) -> None:
        super().__init__(prob)
        self.sigma = check_range('noise sigma', sigma)
        self.grey = check_number('noise grey', grey, most=1)

    def apply_to(self, images: Tensor, dice: Dice) -> Tensor:
        """See :class:`Step`."""
        sigma = per_sample(dice.uniform(*self.sigma), images) / 255
        return images + sigma * share_channels(dice.normal(images), dice.chance(self.grey))


@MODELS.register_module()
class PoissonNoise(Step):
    """Add the noise of counting photons: of a variance in proportion to the brightness.

    Args:
        strength: What the noise of 255 photons at white is multiplied by, fixed or (least, largest).
        grey: Probability that all channels of a sample get the same noise, that of their mean.
        prob: Probability that a sample gets any.

    Source: Wang et al., Real-ESRGAN, 2021, section 3, which counts the levels that an image has instead of 255.
    """

    def __init__(self, strength: Range = 1.0, grey: float = 0.0, prob: float = 1.0) -> None:
        super().__init__(prob)
        self.strength = check_range('noise strength', strength)
        self.grey = check_number('noise grey', grey, most=1)

    def apply_to(self, images: Tensor, dice: Dice) -> Tensor:
        """See :class:`Step`."""
        strength, grey = per_sample(dice.uniform(*self.strength), images), dice.chance(self.grey)
        # Grey noise is that of the mean over the channels, counted once a pixel.
        rates = share_channels(images.clamp(0, 1) * 255, grey, mean=True)
        noise = dice.poisson(rates) - rates
        return images + strength * share_channels(noise, grey) / 255


@MODELS.register_module()
class JPEG(Step):
    """Compress and decompress with libjpeg, by torchvision, on the CPU.

    A batch on an accelerator is copied to the host and back.

    Args:
        quality: 1 to 100, fixed or (least, largest).
        prob: Probability that a sample is compressed.
    """

    def __init__(self, quality: Range, prob: float = 1.0) -> None:
        super().__init__(prob)
        self.quality = check_range('JPEG quality', quality, least=1, most=100)

    def apply_to(self, images: Tensor, dice: Dice) -> Tensor:
        """See :class:`Step`; rounds to 8 bits."""
        qualities = dice.uniform(*self.quality).round().int().tolist()
        pixels = (images.clamp(0, 1) * 255).round().byte().cpu()
        decoded = [decode_jpeg(encode_jpeg(*pair)) for pair in zip(pixels, qualities, strict=True)]
        return torch.stack(decoded).to(images) / 255


@MODELS.register_module()
class OneOf(Step):
    """Do one of several steps to each sample, such as one kind of noise or the other.

    Args:
        steps: Configs of steps that leave the size as it is.
        weights: How often each is drawn; equally by default.
        prob: Probability that a sample gets any.
    """

    def __init__(
        self, steps: Sequence[Mapping], weights: Sequence[float] | None = None, prob: float = 1.0
    ) -> None:
        super().__init__(prob)
        self.steps = nn.ModuleList(MODELS.build(dict(step)) for step in steps)
        self.weights = list(weights) if weights is not None else [1.0] * len(self.steps)
        if not self.steps or len(self.weights) != len(self.steps) or min(self.weights) < 0:
            raise UserError(
                f'OneOf has {len(self.steps)} steps and weights={weights}; give a weight of at least 0 for each step.'
            )

    def apply_to(self, images: Tensor, dice: Dice) -> Tensor:
        """See :class:`Step`."""
        limits = torch.tensor(self.weights).cumsum(0)
        drawn = torch.bucketize(dice.uniform(0, float(limits[-1])), limits).clamp(
            max=len(limits) - 1
        )
        for number, step in enumerate(self.steps):
            rows = [index for index, own in enumerate(drawn.tolist()) if own == number]
            if rows:
                images = replace_rows(images, rows, step(images[rows], dice.rows(rows)))
        return images


def share_channels(field: Tensor, shared: Sequence[bool], mean: bool = False) -> Tensor:
    """(N, C, H, W) fields; those that are shared have their first channel, or the mean of all, in every channel."""
    if not any(shared):
        return field
    one = field.mean(1, keepdim=True) if mean else field[:, :1]
    return torch.where(per_sample(torch.tensor(shared), field, as_is=True), one, field)


def per_sample(numbers: Tensor, images: Tensor, as_is: bool = False) -> Tensor:
    """(N,) numbers as (N, 1, 1, 1) on the images' device and, unless ``as_is``, of their dtype."""
    shaped = numbers.view(-1, 1, 1, 1)
    return shaped.to(images.device) if as_is else shaped.to(images)


def check_range(
    name: str, value: Range, least: float = 0, most: float = math.inf
) -> tuple[float, float]:
    """Least and largest of a fixed number or of a range.

    Raises:
        UserError: It is neither, or out of bounds.
    """
    pair = (
        list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value] * 2
    )
    if len(pair) != 2:
        raise UserError(
            f'{name}={value!r} is no range; give a number, or the least and the largest.'
        )
    low, high = (check_number(name, number, least, most) for number in pair)
    if low > high:
        raise UserError(f'{name}={value!r} is upside down; write ({high}, {low}).')
    return low, high


def check_modes(modes: list[str]) -> list[str]:
    """Return modes of resizing that PyTorch has.

    Raises:
        UserError: It lacks one.
    """
    unknown = sorted(set(modes) - set(_MODES))
    if unknown or not modes:
        raise UserError(
            f'resize modes {unknown or "are missing"}; choose among {", ".join(_MODES)}.'
        )
    return modes
