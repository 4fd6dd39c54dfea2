"""Recognise low-resolution images and draw LR | bilinear | SR with the predictions.

    python demo/image_demo.py IMAGE [IMAGE ...] CONFIG CHECKPOINT --out-dir outputs

An image is taken as it is; boxes are told in its own coordinates. ``tools/predict.py`` takes more.
"""

import argparse
import warnings
from pathlib import Path

from sr4ir_mm.utils import cli


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Recognise low-resolution images')
    parser.add_argument('images', nargs='+', help='LR image files, folders, patterns, videos')
    parser.add_argument('config', help='config file, or the name of a shipped model')
    parser.add_argument('checkpoint', help='its weights, path or URL')
    parser.add_argument('--out-dir', type=Path, default=Path('outputs'), help='folder of pictures')
    parser.add_argument('--device', default='cpu', help='such as cpu or cuda:0')
    parser.add_argument('--score-thr', type=float, default=0.3, help='least score told and drawn')
    return parser.parse_args()


def main() -> None:
    """Predict, tell, draw."""
    args = parse_args()
    warnings.filterwarnings('ignore', category=FutureWarning)
    from sr4ir_mm.apis.inferencer import SR4IRInferencer
    from sr4ir_mm.apis.predicting import predict_to_folder

    inferencer = SR4IRInferencer(args.config, args.checkpoint, device=args.device)
    predict_to_folder(inferencer, args.images, args.out_dir, score_thr=args.score_thr)


if __name__ == '__main__':
    cli.run(main)
