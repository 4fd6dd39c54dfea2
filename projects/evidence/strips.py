"""Pictures of gains and failures: test images on which SR4IR does better, and worse, than another method.

    python projects/evidence/strips.py clothing --out docs/images
    python projects/evidence/strips.py scenes-det --against s2t --rows 6

Each row is LR | L->T | S->T | SR4IR | H->T with the predictions of the trainings under work_dirs/evidence, which
projects/evidence/evidence.py leaves. Rows are the first that the test set holds, not the best looking.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ladder import BUDGETS, Run, rungs
from mmengine.registry import DefaultScope
from mmengine.structures import BaseDataElement
from sets import SETS
from torchvision.ops import box_iou

from sr4ir_mm.apis.inferencer import SR4IRInferencer, make_painter
from sr4ir_mm.apis.outputs import write_picture
from sr4ir_mm.apis.runs import last_checkpoint
from sr4ir_mm.models.task_driven_sr import TaskDrivenSR
from sr4ir_mm.registry import DATASETS
from sr4ir_mm.utils import cli
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.track import track
from sr4ir_mm.visualization import predict_kind, vstack_rows

SHOWN = {'l2t': 'L->T', 's2t': 'S->T', 'sr4ir': 'SR4IR', 'h2t': 'H->T'}
_MIN_IOU = 0.5
_MIN_SCORE = 0.3


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Pictures of gains and failures')
    parser.add_argument('data', choices=[n for n in SETS if SETS[n].task != 'segmentation'])
    parser.add_argument('--against', choices=['l2t', 's2t'], default='l2t')
    parser.add_argument('--scale', type=int, help='the first scale of the set by default')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--budget', type=int, choices=BUDGETS, default=BUDGETS[0])
    parser.add_argument('--rows', type=int, default=4, help='rows of each picture')
    parser.add_argument('--out', type=Path, default=Path('outputs'), help='folder of the pictures')
    return parser.parse_args()


def main() -> None:
    """Find the rows and draw them."""
    args = parse_args()
    scale = args.scale or SETS[args.data].scales[0]
    if scale not in SETS[args.data].scales:
        raise UserError(
            f'{args.data} has no ladder at scale {scale}; choose from {SETS[args.data].scales}.'
        )
    runs = rungs([args.data], SHOWN, [args.seed], [args.budget])
    models = {run.method: load(run) for run in runs if scale in run.result_paths()}
    rows: dict[str, list[np.ndarray]] = {'gains': [], 'failures': []}
    painter = make_painter(models['sr4ir'], _MIN_SCORE)
    for batch in track(test_batches(models['sr4ir'].cfg), 'test images'):
        samples = {m: predict_kind(model, batch, kind_of(m))[0] for m, model in models.items()}
        difference = merit(samples['sr4ir']) - merit(samples[args.against])
        name = 'gains' if difference > 0 else 'failures' if difference < 0 else None
        if name is not None and len(rows[name]) < args.rows:
            titled = {title: samples[method] for method, title in SHOWN.items()}
            rows[name].append(painter.strip(models['sr4ir'], titled))
        if all(len(found) == args.rows for found in rows.values()):
            break
    for name, strips in rows.items():
        path = args.out / f'{args.data}_x{scale}_{name}.png'
        if strips:
            write_picture(path, vstack_rows(strips))
        print(f'{name} of SR4IR over {SHOWN[args.against]}: {len(strips)} rows, {path}')


def load(run: Run) -> TaskDrivenSR:
    """The trained model of a rung, on HR test images that it degrades itself."""
    training = run.training()
    if not training.done:
        raise UserError(
            f'{training.work_dir} holds no finished training; run '
            f'python projects/evidence/evidence.py --sets {run.data} --methods {run.method} first.'
        )
    cfg = cli.load_config(str(training.config))
    return SR4IRInferencer(cfg, last_checkpoint(training.work_dir), 'cpu', input='hr').model


def kind_of(method: str) -> str:
    """The image kind that a method's task network is shown."""
    return {'h2t': 'hr', 'l2t': 'up'}.get(method, 'sr')


def test_batches(cfg: Any) -> Iterator[dict]:
    """The test images, one at a time."""
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        dataset = DATASETS.build(cfg.test_dataloader.dataset)
    for index in range(len(dataset)):
        item = dataset[index]
        yield {'inputs': [item['inputs']], 'data_samples': [item['data_samples']]}


def merit(sample: BaseDataElement) -> int:
    """Right answers less wrong ones: of a class, 1 or 0; of boxes, found objects less false alarms."""
    if 'pred_label' in sample:
        return int(sample.pred_label == sample.gt_label)
    found = sample.pred_instances[sample.pred_instances.scores >= _MIN_SCORE]
    truth = [(item['bbox'], item['bbox_label']) for item in sample.instances]
    boxes = torch.tensor([box for box, _ in truth], dtype=torch.float32).reshape(-1, 4)
    labels = torch.tensor([label for _, label in truth], dtype=torch.long)
    hits = (box_iou(boxes, found.bboxes) >= _MIN_IOU) & (labels[:, None] == found.labels[None])
    return int(hits.any(1).sum()) - int((~hits.any(0)).sum())


if __name__ == '__main__':
    cli.run(main)
