"""Task features of images of several kinds, and their map by t-SNE (S1 of the supplement)."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from sr4ir_mm.apis.analysis.images import prepare, shown
from sr4ir_mm.apis.inferencer import SR4IRInferencer
from sr4ir_mm.apis.inputs import Input
from sr4ir_mm.utils.errors import UserError

_MARKERS = {'hr': 'o', 'sr': '^', 'up': 'x'}
_MOST_COLOURS = 20


@dataclass(frozen=True)
class Point:
    """Features of one image of one kind.

    Attributes:
        name: Its file.
        label: The folder it lies in.
        kind: ``'hr'``, ``'sr'`` or ``'up'``.
        vector: (D,) features, each channel's mean over the image.
    """

    name: str
    label: str
    kind: str
    vector: np.ndarray


def collect_points(
    inferencer: SR4IRInferencer,
    inputs: Input | Sequence[Input],
    kinds: Sequence[str],
    layers: Sequence[str] | None = None,
) -> list[Point]:
    """Task features of every image as every kind.

    Args:
        inferencer: The model.
        inputs: Images; the folder an image lies in is its label.
        kinds: Kinds of images.
        layers: See :meth:`TaskAdapter.features`; those of the TDP loss by default.

    Raises:
        UserError: A kind cannot be made, or a layer does not exist.
    """
    model = inferencer.model
    layers = layers or model.adapter.default_layers(model.task_net)
    points = []
    for image in prepare(inferencer, inputs):
        for kind in kinds:
            picture = shown(inferencer, image, kind)
            with torch.no_grad():
                found = model.adapter.features(model.task_net, picture, image.batch, layers)
            vector = torch.cat([channel_means(level) for level in found])
            points.append(Point(image.name, image.folder, kind, vector.cpu().numpy()))
    return points


def channel_means(features: Tensor) -> Tensor:
    """(1, C, ...) features, or (1, tokens, C) of a transformer, to (C,)."""
    if features.dim() == 3:
        return features[0].mean(0)
    return features[0].flatten(1).mean(1) if features.dim() > 2 else features[0]


def distances_to_hr(points: Sequence[Point]) -> dict[str, float]:
    """Kind -> mean Euclidean distance of an image's features to those of its HR image; empty without HR images."""
    hr = {point.name: point.vector for point in points if point.kind == 'hr'}
    apart: dict[str, list[float]] = {}
    for point in points:
        if point.kind != 'hr' and point.name in hr:
            distance = float(np.linalg.norm(point.vector - hr[point.name]))
            apart.setdefault(point.kind, []).append(distance)
    return {kind: float(np.mean(values)) for kind, values in apart.items()}


def embed(points: Sequence[Point], perplexity: float = 30.0, seed: int = 0) -> np.ndarray:
    """(N, 2) places by t-SNE on standardised features.

    Args:
        points: The features.
        perplexity: About how many neighbours count; lowered to a third of the points where there are few.
        seed: Equal seeds give equal maps.

    Raises:
        UserError: scikit-learn is missing, or there are fewer than four points.
    """
    try:
        from sklearn.manifold import TSNE
    except ImportError as error:
        raise UserError(
            'maps of features need scikit-learn; install it with: pip install scikit-learn.'
        ) from error
    if len(points) < 4:
        raise UserError(f'a map of {len(points)} points tells nothing; give more images or kinds.')
    vectors = np.stack([point.vector for point in points]).astype(np.float64)
    spread = vectors.std(0)
    vectors = (vectors - vectors.mean(0)) / np.where(spread > 0, spread, 1)
    fitting = min(perplexity, (len(points) - 1) / 3)
    return TSNE(perplexity=fitting, init='pca', random_state=seed).fit_transform(vectors)


def write_map(points: Sequence[Point], places: np.ndarray, out: Path) -> Path:
    """Write the picture, and the places as CSV beside it.

    Args:
        points: The features.
        places: (N, 2) from :func:`embed`.
        out: PNG file to be.

    Returns:
        The CSV file.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    draw_map(points, places, out)
    table = out.with_suffix('.csv')
    with table.open('w', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(['image', 'label', 'kind', 'x', 'y'])
        for point, (x, y) in zip(points, places, strict=True):
            writer.writerow([point.name, point.label, point.kind, f'{x:.4f}', f'{y:.4f}'])
    return table


def draw_map(points: Sequence[Point], places: np.ndarray, out: Path) -> None:
    """A marker a kind; a colour a label, or a kind where there is one label or too many."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    labels = sorted({point.label for point in points})
    by_label = 1 < len(labels) <= _MOST_COLOURS
    kinds = [kind for kind in _MARKERS if any(point.kind == kind for point in points)]
    figure = Figure(figsize=(7, 5.5), layout='constrained')
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for index, colour in enumerate(labels if by_label else kinds):
        for kind in kinds:
            rows = [
                row
                for row, point in enumerate(points)
                if point.kind == kind and colour == (point.label if by_label else point.kind)
            ]
            if rows:
                name = f'{colour}, {kind}' if by_label else kind
                axes.scatter(
                    *places[rows].T, s=36, marker=_MARKERS[kind], color=f'C{index}', label=name
                )
    axes.set_xticks([])
    axes.set_yticks([])
    axes.legend(fontsize=8, loc='center left', bbox_to_anchor=(1, 0.5))
    figure.savefig(out, dpi=150)
