r"""Boxes of a detector to crops with labels and box offsets, what SOD-MTGAN's own training takes.

    python tools/test.py CONFIG CHECKPOINT --out val.pkl
    python tools/test.py CONFIG CHECKPOINT --out train.pkl \
        --cfg-options test_dataloader.dataset.ann_file=ImageSets/Main/train.txt
    python tools/dataset_converters/detections2crops.py --train train.pkl --val val.pkl --classes 3 \
        --out data/sample_crops

A box that overlaps an object by at least half is a crop of that object's class, the others are background. Writes
<out>/<split>.json in OpenMMLab's format and <out>/<split>/*.png.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import mmengine
import numpy as np
import torch

from sr4ir_mm.datasets.transforms.loading import read_bgr
from sr4ir_mm.utils.cli import run
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.images import write_image
from sr4ir_mm.utils.track import track

#: Of the offsets, as mmdet's two-stage detectors have them.
STANDARD_DEVIATIONS = (0.1, 0.1, 0.2, 0.2)


def convert(predictions: Path, split: str, args: argparse.Namespace) -> None:
    """Cut out the boxes of one split and say how many.

    Raises:
        UserError: The predictions lack boxes or objects or have more classes than told, or an image is missing.
    """
    crops = []
    samples = load(predictions)
    _check_classes(samples, predictions, args.classes)
    for sample in track(samples, f'cutting {split}'):
        crops += cut(sample, split, args)
    if not crops:
        raise UserError(
            f'{predictions} holds no box with a score of {args.score} that is {args.least} px wide and high; lower '
            '--score or --least, or train the detector longer.'
        )
    objects = sum(crop['is_object'] for crop in crops)
    text = json.dumps(dict(metainfo=dict(), data_list=crops), indent=1)
    (args.out / f'{split}.json').write_text(text)
    print(f'{args.out / split}: {objects} crops of objects, {len(crops) - objects} of background')


def load(predictions: Path) -> list[Mapping[str, Any]]:
    """Data samples as ``tools/test.py --out`` writes them.

    Raises:
        UserError: They are none of a detector, or come without the objects' boxes.
    """
    if not predictions.is_file():
        raise UserError(
            f'{predictions} does not exist; write it with tools/test.py CONFIG CHECKPOINT --out.'
        )
    samples = mmengine.load(str(predictions))
    if not samples or not {'pred_instances', 'instances', 'img_path'} <= set(samples[0]):
        raise UserError(
            f"{predictions} lacks predicted boxes, 'instances' or 'img_path'; write it with a detector whose "
            'test pipeline packs both as meta_keys, such as configs/l2t/faster-rcnn-tiny_x4_sample.py.'
        )
    return samples


def _check_classes(samples: Sequence[Mapping[str, Any]], predictions: Path, classes: int) -> None:
    """Check that no class has the number of the background."""
    labels = {instance['bbox_label'] for sample in samples for instance in sample['instances']}
    labels |= {int(n) for sample in samples for n in np.asarray(sample['pred_instances']['labels'])}
    if labels and max(labels) >= classes:
        raise UserError(
            f'{predictions} holds label {max(labels)}, but --classes {classes} counts from 0 to {classes - 1} and '
            f'takes {classes} for background; give the number of classes of the detector.'
        )


def cut(sample: Mapping[str, Any], split: str, args: argparse.Namespace) -> list[dict[str, Any]]:
    """Write the crops of one image and return their annotations."""
    image = read_bgr(sample['img_path'])
    boxes, labels = chosen_boxes(sample, image.shape[:2], args)
    label, deltas, is_object = match(boxes, sample['instances'], args.classes)
    crops = []
    for number, (left, top, right, bottom) in enumerate(boxes.int().tolist()):
        name = f'{split}/{Path(sample["img_path"]).stem}_{number}.png'
        crop = cv2.resize(
            image[top:bottom, left:right], (args.side, args.side), interpolation=cv2.INTER_CUBIC
        )
        write_image(args.out / name, crop)
        crops.append(
            dict(
                img_path=name,
                gt_label=int(label[number]),
                box_deltas=deltas[number].tolist(),
                is_object=bool(is_object[number]),
                box=[left, top, right, bottom],
                detected_label=int(labels[number]),
            )
        )
    return crops


def chosen_boxes(
    sample: Mapping[str, Any], size: tuple[int, int], args: argparse.Namespace
) -> tuple[torch.Tensor, torch.Tensor]:
    """The best boxes that are large enough, rounded to pixels inside the image, and their labels."""
    found = sample['pred_instances']
    boxes = torch.as_tensor(np.asarray(found['bboxes'])).float().round()
    boxes[:, 0::2] = boxes[:, 0::2].clamp(0, size[1])
    boxes[:, 1::2] = boxes[:, 1::2].clamp(0, size[0])
    large = (boxes[:, 2:] - boxes[:, :2]).min(dim=1).values >= args.least
    scores = torch.as_tensor(np.asarray(found['scores']))
    order = scores.argsort(descending=True)
    kept = order[(large & (scores >= args.score))[order]][: args.most]
    return boxes[kept], torch.as_tensor(np.asarray(found['labels']))[kept]


def match(
    boxes: torch.Tensor, instances: Sequence[Mapping[str, Any]], classes: int
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Label (``classes`` for background), offsets to the object's box, and whether there is an object, of each box."""
    from mmdet.models.task_modules.coders import DeltaXYWHBBoxCoder
    from mmdet.structures.bbox import bbox_overlaps

    if not instances or not len(boxes):
        nothing = torch.zeros(len(boxes), dtype=torch.bool)
        return torch.full((len(boxes),), classes), torch.zeros(len(boxes), 4), nothing
    objects = torch.tensor([instance['bbox'] for instance in instances]).float()
    labels = torch.tensor([instance['bbox_label'] for instance in instances])
    overlap, nearest = bbox_overlaps(boxes, objects).max(dim=1)
    is_object = overlap >= 0.5
    coder = DeltaXYWHBBoxCoder(target_stds=STANDARD_DEVIATIONS)
    deltas = coder.encode(boxes, objects[nearest]) * is_object[:, None]
    return torch.where(is_object, labels[nearest], classes), deltas, is_object


def main() -> None:
    """Parse the options and convert."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--train', type=Path, required=True, metavar='FILE.pkl')
    parser.add_argument('--val', type=Path, required=True, metavar='FILE.pkl')
    parser.add_argument('--out', type=Path, required=True, help='folder for the crops')
    parser.add_argument(
        '--classes',
        type=int,
        required=True,
        help='number of classes without background, which gets that number',
    )
    parser.add_argument('--side', type=int, default=32, help='of the crops, px')
    parser.add_argument('--least', type=int, default=6, help='least side of a box, px')
    parser.add_argument('--score', type=float, default=0.05, help='least score of a box')
    parser.add_argument('--most', type=int, default=8, help='boxes an image, the best first')
    args = parser.parse_args()
    for split in ('train', 'val'):
        convert(getattr(args, split), split, args)


if __name__ == '__main__':
    run(main)
