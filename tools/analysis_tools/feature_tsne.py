"""Map of task features of bilinear, SR and HR images by t-SNE, and how far they are from those of HR images (S1).

    python tools/analysis_tools/feature_tsne.py sr4ir_x8_clothing --images data/clothing/test -o features.png
    python tools/analysis_tools/feature_tsne.py work_dirs/x/epoch_12.pth --images DIR --input lr --kinds up sr

Colours are the folders that the images lie in, markers the kinds of images; features.csv lies beside the picture.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path

from sr4ir_mm.utils import cli


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    cli.add_model_options(parser)
    parser.add_argument(
        '--kinds', nargs='+', choices=('up', 'sr', 'hr'), default=['up', 'sr', 'hr']
    )
    parser.add_argument(
        '--layers', nargs='+', help="such as backbone.-1; the TDP loss's by default"
    )
    parser.add_argument('--perplexity', type=float, default=30.0)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('-o', '--out', type=Path, default=Path('features.png'))
    return parser.parse_args()


def main() -> None:
    """Collect features, map them, tell the distances."""
    args = parse_args()
    warnings.filterwarnings('ignore')
    from sr4ir_mm.apis.analysis import features
    from sr4ir_mm.apis.comparing import load_models
    from sr4ir_mm.apis.outputs import check_folder

    check_folder(args.out.parent, '-o')
    (inferencer,) = load_models([args.model], device=args.device, input=args.input).values()
    points = features.collect_points(inferencer, args.images, args.kinds, args.layers)
    table = features.write_map(points, features.embed(points, args.perplexity, args.seed), args.out)
    for kind, distance in features.distances_to_hr(points).items():
        print(f'mean distance of {kind} to hr features: {distance:.3f}')
    print(f'{args.out} and {table}: {len(points)} points')


if __name__ == '__main__':
    cli.run(main)
