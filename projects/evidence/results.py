"""Result files of the evidence ladder, one JSON file a run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from ladder import HELD_OUT_RESULTS, RESULTS
from sets import SETS

from sr4ir_mm.utils.errors import UserError


@dataclass(frozen=True)
class Result:
    """One finished run.

    Attributes:
        task: detection, segmentation or classification.
        dataset: Name of the data set.
        scale: Between LR and HR images.
        method: A rung of the ladder.
        seed: Of the run and of its initial networks.
        budget: Its minutes, as a multiple of L->T's shortest.
        epochs: That the budget bought.
        metric: Name of the task's metric.
        value: That metric after the last epoch, on the test images.
        psnr: dB, mean over the test images; None for HR images.
        ssim: Mean over the test images.
        fsim: Mean over the test images, where it is measured.
        commit: Of the code that the training began with.
        command: What repeats the run.
        minutes: On the clock of a busy machine, with start and validation; budgets count iterations instead.
        device: What it ran on.
        held_out: Whether held-out training images took the test images' place.
    """

    task: str
    dataset: str
    scale: int
    method: str
    seed: int
    budget: int
    epochs: int
    metric: str
    value: float
    psnr: float | None
    ssim: float | None
    commit: str
    command: str
    minutes: float
    device: str
    held_out: bool = False
    fsim: float | None = None

    @property
    def path(self) -> Path:
        """Its file."""
        name = f'{self.dataset}_x{self.scale}_{self.method}_b{self.budget}_seed{self.seed}.json'
        return (HELD_OUT_RESULTS if self.held_out else RESULTS) / name

    def write(self, path: Path) -> None:
        """Write the file whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix('.part')
        part.write_text(json.dumps(asdict(self), indent=1, allow_nan=False) + '\n')
        part.replace(path)


def predictions_path(result: Path) -> Path:
    """Where the predictions of a result lie, given the result's own file."""
    return result.parent / 'predictions' / result.with_suffix('.npz').name


def pairs_of(results: Iterable[Result], better: str, worse: str) -> list[tuple[Result, Result]]:
    """Two methods' results at one budget, seed by seed, of the seeds that both have."""
    found = {(result.method, result.seed): result for result in results}
    return [
        (first, found[worse, seed])
        for (method, seed), first in sorted(found.items())
        if method == better and (worse, seed) in found
    ]


def longest(results: Iterable[Result]) -> list[Result]:
    """Those of the highest budget, one that a single seed has run left out where there is another."""
    results = list(results)
    seeds = Counter(r.budget for r in results)
    several = [budget for budget, count in seeds.items() if count > 1]
    return [r for r in results if r.budget == max(several or seeds)]


def read_results(folder: Path) -> list[Result]:
    """All results of a folder.

    Raises:
        UserError: A file is no result; names it.
    """
    return [read_result(path) for path in sorted(folder.glob('*.json'))]


def read_result(path: Path) -> Result:
    """One result.

    Raises:
        UserError: The file is no result; names it.
    """
    try:
        result = Result(**json.loads(path.read_text()))
    except (ValueError, TypeError) as error:
        raise UserError(
            f'{path} is no result ({error}); expected the fields {[f.name for f in fields(Result)]}.'
        ) from error
    if result.dataset not in SETS:
        raise UserError(f'{path} has dataset={result.dataset!r}; expected one of {list(SETS)}.')
    return result
