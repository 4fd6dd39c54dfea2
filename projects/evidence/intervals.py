"""How sure a difference of two methods is: 95 % intervals over seeds and over test images."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t
from scoring import Score

SAMPLES = 500
LEVEL = 0.95


@dataclass(frozen=True)
class Difference:
    """A method less another, paired by seed.

    Attributes:
        mean: Over the seeds.
        seeds: How many.
        wins: In how many it is above 0.
        over_seeds: Half the width of the interval that Student's t gives; None for one seed.
        over_images: Lower and upper end of the bootstrap over test images; None without files of predictions.
    """

    mean: float
    seeds: int
    wins: int
    over_seeds: float | None
    over_images: tuple[float, float] | None

    @property
    def sure(self) -> int:
        """1 or -1 if both intervals leave 0 out on that side, else 0."""
        if self.over_seeds is None or self.over_images is None:
            return 0
        lows = (self.mean - self.over_seeds, self.over_images[0])
        highs = (self.mean + self.over_seeds, self.over_images[1])
        return 1 if min(lows) > 0 else -1 if max(highs) < 0 else 0

    @property
    def sure_together(self) -> bool:
        """Whether it is above both errors at once: the root of the sum of their squares, on the side of 0."""
        if not self.sure:
            return False
        end = self.over_images[0 if self.mean > 0 else 1]
        return math.hypot(self.over_seeds, self.mean - end) < abs(self.mean)


def compare(
    values: Sequence[tuple[float, float]],
    resampled: Sequence[tuple[np.ndarray, np.ndarray]] | None = None,
) -> Difference:
    """Compare two methods.

    Args:
        values: Of each seed, the first method's metric and the second's.
        resampled: Of each seed, the same on draws of test images (:func:`resample`); None where files are missing.
    """
    differences = [first - second for first, second in values]
    return Difference(
        mean=statistics.mean(differences),
        seeds=len(differences),
        wins=sum(difference > 0 for difference in differences),
        over_seeds=half_width(differences),
        over_images=bootstrap_interval(resampled) if resampled else None,
    )


def half_width(values: Sequence[float]) -> float | None:
    """Half the width of the 95 % interval of a mean; None for one value."""
    if len(values) < 2:
        return None
    quantile = float(t.ppf((1 + LEVEL) / 2, len(values) - 1))
    return quantile * statistics.stdev(values) / math.sqrt(len(values))


def resample(score: Score) -> np.ndarray:
    """(SAMPLES,) metric on test images drawn with replacement; the draws of equally many images are the same ones."""
    rng = np.random.default_rng(0)
    draws = (rng.integers(score.count, size=score.count) for _ in range(SAMPLES))
    return np.array([score(np.bincount(d, minlength=score.count).astype(float)) for d in draws])


def bootstrap_interval(resampled: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[float, float]:
    """The 95 % interval of the difference's mean over the seeds."""
    means = np.mean([first - second for first, second in resampled], axis=0)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def value_format(metric: str) -> str:
    """Metrics in percent get two digits, others three."""
    return '.3f' if metric.startswith('coco/') else '.2f'


def mean_and_spread(values: Sequence[float], metric: str) -> str:
    """'mean ± standard deviation'; only the mean of one value."""
    form = value_format(metric)
    mean = f'{statistics.mean(values):{form}}'
    return mean if len(values) == 1 else f'{mean} ± {statistics.stdev(values):{form}}'


def show_difference(difference: Difference, metric: str) -> str:
    """'+1.2 ± 0.5 [0.3, 2.1]', bold where both intervals leave 0 out."""
    form = value_format(metric)
    text = f'{difference.mean:+{form}}'
    if difference.over_seeds is not None:
        text += f' ± {difference.over_seeds:{form}}'
    if difference.over_images is not None:
        text += ' [{0:{form}}, {1:{form}}]'.format(*difference.over_images, form=form)
    return f'**{text}**' if difference.sure else text
