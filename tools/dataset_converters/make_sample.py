"""Make the sample data set: python tools/dataset_converters/make_sample.py [--out data/sample]."""

import argparse
import warnings
from pathlib import Path

from sr4ir_mm.utils.cli import run


def main() -> None:
    """Parse the options and write the data set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--out', type=Path, default=Path('data/sample'), help='folder of the data set'
    )
    parser.add_argument('--train', type=int, default=400, help='training scenes')
    parser.add_argument('--val', type=int, default=100, help='validation scenes')
    parser.add_argument('--size', type=int, default=96, help='side of the scenes in px')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument(
        '--detail',
        type=float,
        default=4.0,
        help='coarsest detail of the textures in px; less is harder at LR',
    )
    args = parser.parse_args()
    # Late, so that options are read at once and torch's own warnings stay out of sight.
    warnings.simplefilter('ignore')
    from sr4ir_mm.datasets.sample import write_sample

    written = write_sample(args.out, args.train, args.val, args.size, args.seed, args.detail)
    print(f'Sample data {"written to" if written else "already in"} {args.out}')


if __name__ == '__main__':
    run(main)
