"""Runs on the same test images: judgements, gains, and pictures of the images that gained and lost most."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from mmengine.registry import DefaultScope
from mmengine.structures import BaseDataElement, InstanceData, PixelData

from sr4ir_mm.apis.inferencer import SR4IRInferencer
from sr4ir_mm.apis.report.judge import (
    Item,
    Judgement,
    items_of,
    judge,
    size_bounds,
    size_name,
    true_map,
)
from sr4ir_mm.apis.report.runs import Run
from sr4ir_mm.registry import DATASETS
from sr4ir_mm.structures import copy_sample
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.track import track


@dataclass
class Image:
    """One test image.

    Attributes:
        name: File name without folder.
        lr_size: (width, height) of the LR image in px.
        items: What is to be found.
        judgements: One a run.
    """

    name: str
    lr_size: tuple[int, int]
    items: list[Item]
    judgements: list[Judgement] = field(default_factory=list)

    def gain(self, run: int) -> float:
        """Merit of a run less that of the first."""
        return self.judgements[run].merit - self.judgements[0].merit


class Contestant:
    """A run's model on its test images."""

    def __init__(self, run: Run, device: str | None) -> None:
        test_input = (run.cfg.model.get('test_cfg') or {}).get('input', 'hr')
        self.run = run
        self.inferencer = SR4IRInferencer(run.cfg, run.checkpoint, device, test_input)
        self.cfg = self.inferencer.cfg
        with DefaultScope.overwrite_default_scope(self.cfg.default_scope):
            self.dataset = DATASETS.build(self.cfg.test_dataloader.dataset)

    def predict(self, index: int) -> BaseDataElement:
        """Data sample with predictions of one test image, on the CPU."""
        with DefaultScope.overwrite_default_scope(self.cfg.default_scope):
            data = pseudo_collate([self.dataset[index]])
        return self.inferencer.forward(data)[0].cpu()

    def name(self, index: int) -> str:
        """File name of a test image."""
        return Path(self.dataset.get_data_info(index).get('img_path') or f'image {index}').name

    @property
    def classes(self) -> Sequence[str]:
        """Names of the classes."""
        return tuple(self.inferencer.model.dataset_meta.get('classes') or ())


def contest(
    contestants: Sequence[Contestant], limit: int | None
) -> tuple[list[Image], list[list[BaseDataElement]]]:
    """Let every run predict on every test image.

    Args:
        contestants: The runs; the first is what the others are compared with.
        limit: Test images taken, from the first on; None for all.

    Returns:
        The images, and for each run the instances it predicted on each image (empty for other tasks).

    Raises:
        UserError: The runs have different test images, or their task was not trained.
    """
    first = contestants[0]
    count = len(first.dataset) if limit is None else min(limit, len(first.dataset))
    for other in contestants[1:]:
        same = len(other.dataset) == len(first.dataset)
        if not same or any(other.name(i) != first.name(i) for i in (0, count - 1)):
            raise UserError(
                f'{first.run.work_dir} and {other.run.work_dir} have different test images; '
                'compare runs of one data set.'
            )
    images: list[Image] = []
    found: list[list[BaseDataElement]] = [[] for _ in contestants]
    for index in track(range(count), 'judging test images'):
        for number, contestant in enumerate(contestants):
            sample = contestant.predict(index)
            if number == 0:
                images.append(_image(contestant, index, sample))
            images[-1].judgements.append(judge(sample, images[-1].items))
            if 'pred_instances' in sample:
                found[number].append(sample.pred_instances)
    return images, found


def _image(contestant: Contestant, index: int, sample: BaseDataElement) -> Image:
    if not any(key in sample for key in ('pred_instances', 'pred_sem_seg', 'pred_label')):
        raise UserError(
            f'{contestant.run.work_dir} has no predictions of a task (an SR network alone); report runs that have.'
        )
    height, width = sample.get('lr_rgb01').shape[-2:]
    items = items_of(contestant.dataset.get_data_info(index), sample)
    return Image(contestant.name(index), (width, height), items)


# ---- pictures ----------------------------------------------------------------------------------------------------


def strip(contestants: Sequence[Contestant], index: int) -> np.ndarray:
    """(H, W, 3) uint8 RGB: the LR image, what each run saw with its predictions, and the HR image with the truth."""
    samples = [contestant.predict(index) for contestant in contestants]
    titled = {c.run.name: sample for c, sample in zip(contestants, samples, strict=True)}
    truth = true_sample(contestants[0], index, samples[0])
    if truth is not None:
        titled['HR, truth'] = truth
    inferencer = contestants[0].inferencer
    return inferencer.painter().strip(inferencer.model, titled)


def true_sample(
    contestant: Contestant, index: int, sample: BaseDataElement
) -> BaseDataElement | None:
    """A data sample that shows the HR image and predicts the truth; None where there is no HR image."""
    if 'hr_rgb01' not in sample:
        return None
    truth = copy_sample(sample)
    truth.set_field(sample.get('hr_rgb01'), 'sr_rgb01')
    items = items_of(contestant.dataset.get_data_info(index), sample)
    if 'pred_instances' in sample:
        boxes = torch.tensor([item.box for item in items], dtype=torch.float32).reshape(-1, 4)
        labels = torch.tensor([item.label for item in items], dtype=torch.long)
        truth.pred_instances = InstanceData(
            bboxes=boxes, labels=labels, scores=torch.ones(len(items))
        )
    elif 'pred_sem_seg' in sample:
        labels = torch.from_numpy(true_map(sample)).long()[None]
        truth.pred_sem_seg = PixelData(data=labels)
    else:
        truth.set_pred_label(items[0].label)
        truth.set_pred_score(
            torch.nn.functional.one_hot(
                torch.tensor(items[0].label), len(sample.pred_score)
            ).float()
        )
    return truth


def chosen(images: Sequence[Image], run: int, count: int) -> list[int]:
    """Numbers of the images that gained most and lost most, as many of each kind; most gain first."""
    order = sorted(range(len(images)), key=lambda number: -images[number].gain(run))
    half = count // 2
    return order if len(order) <= count else [*order[: count - half], *order[len(order) - half :]]


# ---- gains -------------------------------------------------------------------------------------------------------


def grouped(
    images: Sequence[Image], group: Callable[[Image, Item], str], runs: int
) -> list[tuple[str, int, list[float]]]:
    """Group -> number of items and mean merit of each run."""
    found: dict[str, list[list[float]]] = {}
    for image in images:
        for number, item in enumerate(image.items):
            merits = [judgement.items[number] for judgement in image.judgements]
            found.setdefault(group(image, item), []).append(merits)
    return [
        (name, len(rows), [fmean(row[run] for row in rows) for run in range(runs)])
        for name, rows in sorted(found.items())
    ]


def groupings(
    images: Sequence[Image], classes: Sequence[str]
) -> dict[str, Callable[[Image, Item], str]]:
    """What items are grouped by: their size, class, and the size of their LR image."""
    bounds = size_bounds([item.size for image in images for item in image.items])
    lr_bounds = size_bounds([min(image.lr_size) for image in images])
    sizes = sorted({min(image.lr_size) for image in images})

    def by_lr_size(image: Image, item: Item) -> str:
        side = min(image.lr_size)
        return f'{side} px' if len(sizes) <= 5 else size_name(side, lr_bounds)

    return {
        'object size': lambda image, item: size_name(item.size, bounds),
        'class': lambda image, item: str(
            classes[item.label] if item.label < len(classes) else item.label
        ),
        'LR size': by_lr_size,
    }


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table."""
    with path.open('w', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def image_rows(images: Sequence[Image], runs: int) -> list[list[Any]]:
    """One row an image: name, LR size, items, merit of each run, gain of each run but the first."""
    return [
        [
            image.name,
            *image.lr_size,
            len(image.items),
            *(f'{judgement.merit:.4f}' for judgement in image.judgements),
            *(f'{image.gain(run):+.4f}' for run in range(1, runs)),
        ]
        for image in images
    ]
