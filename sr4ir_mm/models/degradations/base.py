"""What all degradations share: a scale, and random numbers that belong to the samples."""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import PurePath

import torch
from torch import Tensor, nn

from sr4ir_mm.utils.checks import check_number

_SEEDS = 2**31


class Degradation(nn.Module, ABC):
    """Maps HR to LR batches.

    Args:
        scale: Factor between HR and LR images.

    Attributes:
        random: Whether the LR image depends on random numbers. The data preprocessor then hands over one seed a sample.
    """

    random = False

    def __init__(self, scale: int) -> None:
        super().__init__()
        self.scale = check_number('Degradation scale', scale, least=1, whole=True)

    @abstractmethod
    def forward(self, hr_rgb01: Tensor, seeds: Sequence[int] | None = None) -> Tensor:
        """Degrade a batch.

        Args:
            hr_rgb01: (N, 3, H, W), RGB, float, [0, 1]; H and W divisible by the scale.
            seeds: One number a sample, from which its random numbers come; None draws them from the process's own
                random numbers. Without effect unless ``random``.

        Returns:
            (N, 3, H / scale, W / scale), RGB.
        """


class Dice:
    """Random numbers of a batch, those of each sample from a generator of its own.

    Numbers such as a strength come from the CPU's generator, so they are the same on every device; fields of noise are
    drawn where the image is.

    Args:
        seeds: One a sample.
        device: Where fields of noise are drawn.
    """

    def __init__(self, seeds: Sequence[int], device: torch.device | str = 'cpu') -> None:
        self._numbers = [torch.Generator().manual_seed(int(seed)) for seed in seeds]
        self._fields = self._numbers
        if torch.device(device).type not in ('cpu', 'meta'):
            self._fields = [torch.Generator(device).manual_seed(int(seed)) for seed in seeds]

    def __len__(self) -> int:
        return len(self._numbers)

    def uniform(self, low: float, high: float) -> Tensor:
        """(N,) numbers on the CPU, evenly between ``low`` and ``high``."""
        drawn = torch.cat([torch.rand(1, generator=generator) for generator in self._numbers])
        return low + (high - low) * drawn

    def chance(self, probability: float) -> list[bool]:
        """Whether something happens to each sample."""
        return (self.uniform(0, 1) < probability).tolist()

    def normal(self, images: Tensor) -> Tensor:
        """Standard normal noise of the shape of (N, C, H, W) images."""
        fields = [
            torch.randn(images.shape[1:], generator=g, device=images.device, dtype=images.dtype)
            for g in self._fields
        ]
        return torch.stack(fields)

    def poisson(self, rates: Tensor) -> Tensor:
        """Poisson counts of (N, C, H, W) rates."""
        pairs = zip(rates, self._fields, strict=True)
        return torch.stack([torch.poisson(rate, generator) for rate, generator in pairs])

    def rows(self, indices: Sequence[int]) -> Dice:
        """The dice of some samples; what is drawn there counts here too."""
        some = Dice([])
        some._numbers = [self._numbers[index] for index in indices]
        some._fields = [self._fields[index] for index in indices]
        return some


def seed_of_name(path: str) -> int:
    """A number that belongs to a file, wherever its data set lies: of its name and its folder's."""
    return zlib.crc32('/'.join(PurePath(path).parts[-2:]).encode())


def draw_seeds(count: int) -> list[int]:
    """Seeds from the process's own random numbers, which a resumed run goes on with."""
    return torch.randint(_SEEDS, (count,)).tolist()
