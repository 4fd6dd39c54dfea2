"""Runs on the same test images: judgements, gains, and pictures of the images that gained and lost most."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
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
    forget_void,
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
from sr4ir_mm.utils.resources import check_resources
from sr4ir_mm.utils.track import track

#: Mean difference, of [0, 1], up to which two pictures are one: libraries round and resize otherwise.
_SAME_PICTURE = 0.02


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
    """A run's model on its test images.

    Args:
        run: The run.
        device: Where the model runs.

    Raises:
        UserError: Its checkpoint or its test images are missing.
    """

    def __init__(self, run: Run, device: str | None) -> None:
        # No metric of the config is taken, so that its files need not be there.
        needed = {**run.cfg.to_dict(), 'load_from': str(run.checkpoint), 'test_evaluator': None}
        check_resources(needed, 'test')
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
        sample = self.inferencer.forward(data)[0].cpu()
        if self.classes:
            forget_void(sample, len(self.classes))
        return sample

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
        UserError: The runs have different test images, truths or classes, or their task was not trained.
    """
    first = contestants[0]
    count = len(first.dataset) if limit is None else min(limit, len(first.dataset))
    for other in contestants[1:]:
        check_same_set(first, other, count)
    images: list[Image] = []
    found: list[list[BaseDataElement]] = [[] for _ in contestants]
    for index in track(range(count), 'judging test images'):
        firsts: BaseDataElement | None = None
        for number, contestant in enumerate(contestants):
            sample = contestant.predict(index)
            image = _image(contestant, index, sample)
            if firsts is None:
                firsts = sample
                images.append(image)
            elif image.items != images[-1].items:
                raise _different(first, contestant, f'the truth of {image.name} is not the same')
            elif not _shows_the_same(firsts, sample):
                raise _different(first, contestant, f'{image.name} is not the same picture')
            images[-1].judgements.append(judge(sample, images[-1].items))
            if 'pred_instances' in sample:
                found[number].append(sample.pred_instances)
    return images, found


def check_same_set(first: Contestant, other: Contestant, count: int) -> None:
    """Check that two runs have test images of the same names, and the same classes.

    Args:
        first: One run.
        other: Another.
        count: Test images taken.

    Raises:
        UserError: They have not; names the first difference.
    """
    sizes = len(first.dataset), len(other.dataset)
    if sizes[0] != sizes[1]:
        raise _different(first, other, f'{sizes[0]} and {sizes[1]} of them')
    for index in range(count):
        names = first.name(index), other.name(index)
        if names[0] != names[1]:
            raise _different(first, other, f'number {index} is {names[0]} and {names[1]}')
    if not first.classes or not other.classes:
        return  # not all configs of classifiers name them
    for label, pair in enumerate(zip_longest(first.classes, other.classes, fillvalue='none')):
        if pair[0] != pair[1]:
            raise _different(first, other, f'class {label} is {pair[0]} and {pair[1]}')


def _shows_the_same(one: BaseDataElement, other: BaseDataElement) -> bool:
    """Whether two samples are of one picture, where they are of one size: runs may differ in what they make of it."""
    # HR images where there are any: LR images are made of them by a degradation that is the run's own.
    kinds = [kind for kind in ('hr_rgb01', 'lr_rgb01') if kind in one and kind in other]
    if not kinds or ('hr_rgb01' in one) != ('hr_rgb01' in other):
        return True
    pictures = [sample.get(kinds[0]).float() for sample in (one, other)]
    if pictures[0].shape != pictures[1].shape:
        return True
    return float((pictures[0] - pictures[1]).abs().mean()) <= _SAME_PICTURE


def _different(first: Contestant, other: Contestant, difference: str) -> UserError:
    return UserError(
        f'{first.run.work_dir} and {other.run.work_dir} have different test images ({difference}); compare runs of '
        'one data set.'
    )


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
