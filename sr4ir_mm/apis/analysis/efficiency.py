"""What recognising an image costs: parameters, multiply-adds, images a second, memory (S3 of the supplement)."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from sr4ir_mm.apis.analysis.images import Prepared, prepare, shown
from sr4ir_mm.apis.inferencer import SR4IRInferencer
from sr4ir_mm.utils.counters import clock, flop_counter
from sr4ir_mm.utils.memory import PeakMemory


@dataclass(frozen=True)
class Cost:
    """Cost of one model; what it has no SR network for is 0.

    Attributes:
        name: Of the model.
        kind: Of image that the task network is shown.
        lr_size: (height, width) of the LR image in px.
        sr_parameters: Of the SR network.
        task_parameters: Of the task network.
        sr_madds: Multiply-adds of the SR network for one image.
        task_madds: Of the task network.
        images_a_second: Of both together, one image at a time.
        peak_mib: Peak memory above the loaded model.
    """

    name: str
    kind: str
    lr_size: tuple[int, int]
    sr_parameters: int
    task_parameters: int
    sr_madds: float
    task_madds: float
    images_a_second: float
    peak_mib: float


def measure_cost(inferencer: SR4IRInferencer, lr_size: tuple[int, int], repeats: int = 10) -> Cost:
    """Measure a model on a generated LR image.

    Args:
        inferencer: The model, for LR input.
        lr_size: (height, width) of the LR image in px.
        repeats: Timed passes; their median counts, after one that warms up.
    """
    model, kind = inferencer.model, inferencer.model.test_cfg['image']
    noise = np.random.default_rng(0).integers(0, 256, (*lr_size, 3), dtype=np.uint8)
    (image,) = prepare(inferencer, [noise])
    predict = _predictor(inferencer, image, kind)
    picture = shown(inferencer, image, kind)
    device = next(model.parameters()).device
    with PeakMemory(device) as peak:
        predict()
    return Cost(
        name=inferencer.name,
        kind=kind,
        lr_size=lr_size,
        sr_parameters=count_parameters(getattr(model, 'sr_net', None)),
        task_parameters=count_parameters(model.task_net),
        sr_madds=count_madds(lambda: shown(inferencer, image, kind)),
        task_madds=count_madds(lambda: model.adapter.predict(model.task_net, picture, image.batch)),
        images_a_second=1 / _median_seconds(predict, clock(device), repeats),
        peak_mib=peak.megabytes,
    )


def count_parameters(net: nn.Module | None) -> int:
    """Parameters of a network, frozen ones included."""
    return 0 if net is None else sum(parameter.numel() for parameter in net.parameters())


@torch.no_grad()
def count_madds(run: Callable[[], object]) -> float:
    """Multiply-adds as torch's counter sees them: convolutions, products and attention."""
    with flop_counter() as counter:
        run()
    return counter.get_total_flops() / 2


def table(costs: Sequence[Cost]) -> str:
    """Markdown, a row a model."""
    lines = [
        '| model | shown | LR px | SR params, M | task params, M | SR G madds | task G madds | images/s | peak MiB |',
        '|---|---|---|---|---|---|---|---|---|',
    ]
    for c in costs:
        numbers = (
            c.sr_parameters / 1e6,
            c.task_parameters / 1e6,
            c.sr_madds / 1e9,
            c.task_madds / 1e9,
            c.images_a_second,
        )
        cells = ' | '.join(f'{number:.3g}' for number in numbers)
        height, width = c.lr_size
        lines.append(f'| {c.name} | {c.kind} | {width} x {height} | {cells} | {c.peak_mib:.0f} |')
    return '\n'.join(lines)


def _predictor(inferencer: SR4IRInferencer, image: Prepared, kind: str) -> Callable[[], object]:
    model = inferencer.model

    @torch.no_grad()
    def predict() -> object:
        return model.adapter.predict(model.task_net, shown(inferencer, image, kind), image.batch)

    return predict


def _median_seconds(
    run: Callable[[], object], read_clock: Callable[[], float], repeats: int
) -> float:
    seconds = []
    for _ in range(repeats + 1):
        start = read_clock()
        run()
        seconds.append(read_clock() - start)
    return statistics.median(seconds[1:])
