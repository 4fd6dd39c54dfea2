"""PSNR and SSIM of a model's SR network on Set5, Set14, B100, Urban100 and their like (S6).

    python tools/analysis_tools/sr_benchmark.py work_dirs/sr/edsr_x4_div2k/iter_300000.pth \
        --folders data/benchmark/Set5 data/benchmark/Set14

Luma, a border of as many px as the scale left out, LR images as MATLAB makes them, unless asked otherwise.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

from sr4ir_mm.utils import cli
from sr4ir_mm.utils.errors import UserError


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('model', help='name of a shipped model, or checkpoint with its config')
    parser.add_argument(
        '--folders', nargs='+', type=Path, required=True, help='folders of HR images'
    )
    parser.add_argument(
        '--lr',
        choices=('antialias', 'model', 'stored'),
        default='antialias',
        help="where LR images come from: MATLAB's bicubic, the model's degradation, LR_bicubic/X<scale>",
    )
    parser.add_argument('--channels', choices=('y', 'rgb'), default='y')
    parser.add_argument('--device', help='such as cpu or cuda:0; a GPU if there is one by default')
    parser.add_argument('-o', '--out', type=Path, help='Markdown file to write')
    return parser.parse_args()


def main() -> None:
    """Score every folder and print the table."""
    args = parse_args()
    warnings.filterwarnings('ignore')
    from sr4ir_mm.apis.analysis import sr_benchmark
    from sr4ir_mm.apis.comparing import load_models
    from sr4ir_mm.apis.outputs import check_folder

    if args.out:
        check_folder(args.out.parent, '-o')
    ((name, inferencer),) = load_models([args.model], device=args.device).items()
    model = inferencer.model
    if 'sr_net' not in model.nets():
        raise UserError(f'{args.model} has no SR network; name a model of a method that has one.')
    device = next(model.parameters()).device
    scores = [
        sr_benchmark.score_folder(
            folder,
            model.scale,
            lambda lr_rgb01: model.super_resolve(lr_rgb01.to(device)),
            args.lr,
            model.data_preprocessor.degradation,
            args.channels,
        )
        for folder in args.folders
    ]
    text = sr_benchmark.table(
        scores, dict(bicubic='bicubic, PSNR / SSIM', sr=f'{name}, PSNR / SSIM')
    )
    print(text)
    if args.out:
        args.out.write_text(f'{text}\n')


if __name__ == '__main__':
    cli.run(main)
