"""Compare our training loop with the recorded figures of the reference: python tests/parity/check.py PREFIX.

PREFIX is the path of a fixture without ``.json`` / ``.npz``. Prints the largest relative difference of the losses of
each step and of the parameters after the last, and exits with 0 only if all are within the tolerances.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[2]))
if __name__ == '__main__':
    warnings.simplefilter('ignore')
    logging.disable(logging.WARNING)

from tests.parity.fixture import Fixture
from tests.parity.ours import parameter_figures, run_all

#: Largest relative difference of the losses of steps 1, 2, 3 and later; the reference differs from itself by 3e-6,
#: 9e-4, 5e-3 on one and on two threads.
LOSS_TOLERANCES = (5e-5, 5e-3, 2e-2)
#: Detection samples proposals at random, so that only these can be compared, by (loss, step).
DET_TOLERANCES = {('sr_net/pixel', 0): 5e-5, ('sr_net/pixel', 1): 5e-4, ('sr_net/tdp', 0): 5e-5}
MEDIAN_TOLERANCE = 1e-3
PARAMETER_TOLERANCE = 5e-2
#: Means of absolute values below this are too small to be compared one by one.
LEAST_MEAN = 1e-3


@dataclass
class Check:
    """One figure and its limit."""

    name: str
    value: float
    limit: float

    @property
    def passed(self) -> bool:
        """Whether the figure is within its limit; not-a-number is not."""
        return self.value <= self.limit


def relative(ours: float, recorded: float) -> float:
    """Relative difference."""
    return abs(ours - recorded) / max(abs(recorded), 1e-12)


def compare_losses(fixture: Fixture, losses: list[dict[str, float]]) -> list[Check]:
    """Differences of the losses, step by step."""
    checks = []
    for step, ours in enumerate(losses):
        recorded = fixture.losses(step)
        assert set(ours) == set(recorded), (
            f'our losses are {sorted(ours)}, recorded are {sorted(recorded)}'
        )
        for name, value in recorded.items():
            limit = (
                LOSS_TOLERANCES[min(step, 2)]
                if fixture.task != 'det'
                else DET_TOLERANCES.get((name, step))
            )
            if limit is not None:
                checks.append(Check(f'step {step + 1} {name}', relative(ours[name], value), limit))
    return checks


def compare_parameters(fixture: Fixture, ours: dict) -> list[Check]:
    """Differences of the mean absolute values after the last step."""
    if fixture.task == 'det':
        return []
    recorded = fixture.final_parameters()
    compared = {key: relative(ours[key][1], recorded[key][1]) for key in recorded if key in ours}
    large = {key: value for key, value in compared.items() if recorded[key][1] > LEAST_MEAN}
    worst = max(large, key=large.get)
    return [
        Check(
            f'parameters, median of {len(compared)} tensors',
            statistics.median(compared.values()),
            MEDIAN_TOLERANCE,
        ),
        Check(f'parameters, largest ({".".join(worst)})', large[worst], PARAMETER_TOLERANCE),
    ]


def check(prefix: str | Path, steps: int | None = None) -> list[Check]:
    """Run a fixture, all its steps or the first few, and compare everything that can be."""
    fixture = Fixture.load(prefix)
    # oneDNN's sums depend on the number of threads and err more; two updates amplify that a thousandfold.
    with torch.backends.mkldnn.flags(enabled=False):
        model, losses = run_all(fixture, steps)
    return compare_losses(fixture, losses) + compare_parameters(
        fixture, parameter_figures(model, fixture)
    )


def report(checks: list[Check]) -> str:
    """One line a figure, then the largest of each step and of the parameters."""
    lines = [
        f'{"ok  " if item.passed else "FAIL"} {item.name:56s} {item.value:.2e} (limit {item.limit:.0e})'
        for item in checks
    ]
    for group in sorted(
        {' '.join(item.name.split()[:2]) for item in checks if item.name.startswith('step')}
    ):
        lines.append(
            f'largest difference of losses, {group}: {max(i.value for i in checks if i.name.startswith(group)):.2e}'
        )
    parameters = [item.value for item in checks if item.name.startswith('parameters, largest')]
    lines.append(
        f'largest difference of parameters: {max(parameters):.2e}'
        if parameters
        else 'parameters: not comparable, for detection samples proposals at random'
    )
    return '\n'.join(lines)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        description='Compare our training loop with recorded figures of the reference'
    )
    parser.add_argument('prefix', help='path of a fixture without .json / .npz')
    prefix = Path(parser.parse_args().prefix)
    if prefix.suffix in ('.json', '.npz'):
        prefix = prefix.with_suffix('')
    for suffix in ('.json', '.npz'):
        if not Path(f'{prefix}{suffix}').is_file():
            parser.error(
                f'{prefix}{suffix} does not exist; give the path of a fixture without its suffix.'
            )
    checks = check(prefix)
    print(report(checks))
    passed = all(item.passed for item in checks)
    print('equal within the tolerances' if passed else 'NOT equal')
    return 0 if passed else 1


if __name__ == '__main__':
    sys.exit(main())
