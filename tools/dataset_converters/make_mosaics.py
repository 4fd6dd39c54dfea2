"""Make texture mosaics for segmentation: python tools/dataset_converters/make_mosaics.py [--out data/mosaics]."""

import argparse
import warnings
from dataclasses import fields
from pathlib import Path

from sr4ir_mm.utils.cli import run


def main() -> None:
    """Parse the options and write the data set."""
    # Late imports, so that torch's own warnings stay out of sight.
    warnings.simplefilter('ignore')
    from sr4ir_mm.datasets.sample.mosaics import MosaicSettings, write_mosaics

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--out', type=Path, default=Path('data/mosaics'), help='folder of the set')
    for setting in fields(MosaicSettings):
        option = f'--{setting.name.replace("_", "-")}'
        parser.add_argument(option, type=type(setting.default), default=setting.default)
    args = vars(parser.parse_args())
    out = args.pop('out')
    written = write_mosaics(out, MosaicSettings(**args))
    print(f'Mosaics {"written to" if written else "already in"} {out}')


if __name__ == '__main__':
    run(main)
