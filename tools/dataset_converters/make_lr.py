"""LR images of a folder of HR images, for training on pairs from files or on labelled LR images alone.

python tools/dataset_converters/make_lr.py data/hand_signs --out data/hand_signs_x8 --scale 8

writes data/hand_signs_x8/HR and data/hand_signs_x8/LRx8 with the folders of data/hand_signs.
"""

import argparse
import warnings
from pathlib import Path

from sr4ir_mm.utils import cli


def main() -> None:
    """Parse the options and write the pairs."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('source', type=Path, help='folder of HR images, at any depth')
    parser.add_argument('--out', type=Path, required=True, help='folder to write')
    parser.add_argument('--scale', type=int, required=True, help='factor between HR and LR')
    parser.add_argument(
        '--degradation',
        help='config with a variable "degradation", such as configs/_base_/degradations/blur_bicubic.py',
    )
    args = parser.parse_args()
    warnings.simplefilter('ignore')
    degradation = cli.load_config(args.degradation).degradation if args.degradation else None
    from sr4ir_mm.apis.lr_pairs import write_pairs

    hr, lr, count = write_pairs(args.source, args.out, args.scale, degradation)
    print(f'{count} pairs in {hr} and {lr}')


if __name__ == '__main__':
    cli.run(main)
