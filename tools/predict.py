"""Recognise images with a trained model: python tools/predict.py IMAGE [IMAGE ...] --model NAME [options]."""

import argparse
import warnings
from pathlib import Path

from sr4ir_mm.utils import cli


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        description='Recognise images, folders, patterns and videos; draw LR | bilinear | SR with the predictions'
    )
    parser.add_argument('inputs', nargs='+', help='image or video files, folders, patterns')
    parser.add_argument(
        '--model',
        help='config, or name of a shipped model; left out, the weights hold their config',
    )
    parser.add_argument('--weights', help='checkpoint, path or URL')
    parser.add_argument('--out-dir', type=Path, default=Path('outputs'), help='folder of pictures')
    parser.add_argument('--device', help='such as cpu or cuda:0; a GPU if there is one by default')
    parser.add_argument('--batch-size', type=int, default=1, help='images at a time')
    parser.add_argument('--score-thr', type=float, default=0.3, help='least score told and drawn')
    parser.add_argument(
        '--input', default='lr', choices=['lr', 'hr'], help='hr: make LR images as benchmarks do'
    )
    parser.add_argument(
        '--coordinates', default='lr', choices=['lr', 'sr'], help='pixels that boxes are told in'
    )
    parser.add_argument('--precision', default='float32', help='float32, float16 or bfloat16')
    parser.add_argument('--compile', action='store_true', help='compile the SR network first')
    parser.add_argument(
        '--tile', default='auto', help='side of parts in LR px, none, or auto when memory is short'
    )
    cli.add_trust_option(parser)
    return parser.parse_args()


def main() -> None:
    """Predict, tell, draw."""
    args = parse_args()
    warnings.filterwarnings('ignore', category=FutureWarning)
    from sr4ir_mm.apis.inferencer import SR4IRInferencer
    from sr4ir_mm.apis.outputs import check_folder
    from sr4ir_mm.apis.predicting import predict_to_folder

    check_folder(args.out_dir, '--out-dir')
    inferencer = SR4IRInferencer(
        args.model,
        args.weights,
        device=args.device,
        input=args.input,
        coordinates=args.coordinates,
        precision=args.precision,
        compile=args.compile,
        tile=tile_of(args.tile),
    )
    predict_to_folder(inferencer, args.inputs, args.out_dir, args.batch_size, args.score_thr)


def tile_of(text: str) -> int | str | None:
    """'auto', 'none' or a number."""
    if text in ('auto', 'none'):
        return None if text == 'none' else text
    if not text.isdigit() or int(text) == 0:
        from sr4ir_mm.utils.errors import UserError

        raise UserError(f'--tile {text} is no side in px; give a number, auto or none.')
    return int(text)


if __name__ == '__main__':
    cli.run(main)
