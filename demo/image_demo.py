"""Recognise low-resolution images and draw LR | bilinear | SR with the predictions.

    python demo/image_demo.py IMAGE [IMAGE ...] CONFIG CHECKPOINT --out-dir outputs

An image is taken as it is; boxes are told in its own coordinates.
"""

import argparse
import warnings
from pathlib import Path

from sr4ir_mm.utils import cli


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Recognise low-resolution images')
    parser.add_argument('images', nargs='+', type=Path, help='LR image files')
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='its weights, path or URL')
    parser.add_argument('--out-dir', type=Path, default=Path('outputs'), help='folder of pictures')
    parser.add_argument('--device', default='cpu', help='such as cpu or cuda:0')
    parser.add_argument('--score-thr', type=float, default=0.3, help='least score told and drawn')
    return parser.parse_args()


def main() -> None:
    """Predict, tell, draw."""
    args = parse_args()
    warnings.filterwarnings('ignore', category=FutureWarning)
    import cv2

    from sr4ir_mm.apis.inference import draw, init_model, predict

    model = init_model(cli.load_config(args.config), args.checkpoint, args.device)
    args.out_dir.mkdir(parents=True, exist_ok=True)
    strips = draw(model, args.images, args.score_thr)
    for image, sample, strip in zip(args.images, predict(model, args.images), strips, strict=True):
        path = args.out_dir / f'{image.stem}.png'
        cv2.imwrite(str(path), strip[..., ::-1])
        print(f'{image}: {describe(sample, model.dataset_meta, args.score_thr)}; picture {path}')


def describe(sample: object, dataset_meta: dict, score_thr: float) -> str:
    """A data sample's predictions in words."""
    classes = dataset_meta.get('classes') or ()
    name = dict(enumerate(classes))
    if 'pred_instances' in sample:
        found = sample.pred_instances
        found = found[found.scores >= score_thr]
        boxes = zip(
            found.labels.tolist(), found.scores.tolist(), found.bboxes.tolist(), strict=True
        )
        return (
            ', '.join(
                f'{name.get(label, label)} {score:.2f} at {[round(side, 1) for side in box]}'
                for label, score, box in boxes
            )
            or 'nothing'
        )
    if 'pred_sem_seg' in sample:
        labels = sample.pred_sem_seg.data.unique().tolist()
        return 'contains ' + ', '.join(str(name.get(label, label)) for label in labels)
    label = int(sample.pred_label)
    return f'{name.get(label, label)} {float(sample.pred_score[label]):.2f}'


if __name__ == '__main__':
    cli.run(main)
