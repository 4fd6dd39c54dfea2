"""Count the files of the data sets that the configs name, and tell what is missing and where to get it.

python tools/dataset_converters/check_data.py              # all of them
python tools/dataset_converters/check_data.py voc2012-seg cars
"""

from __future__ import annotations

import argparse

from sr4ir_mm.utils.cli import run
from sr4ir_mm.utils.data_sets import DATA_SETS, find_data_set
from sr4ir_mm.utils.errors import UserError


def main() -> None:
    """Check each set and tell."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('names', nargs='*', help=f'all by default: {", ".join(DATA_SETS)}')
    parser.add_argument('--root', help='where the one named set lies, if not where configs look')
    args = parser.parse_args()
    if args.root and len(args.names) != 1:
        raise UserError(
            f'--root says where one set lies, but {len(args.names)} are named; name one.'
        )
    incomplete = [name for name in args.names or DATA_SETS if not tell(name, args.root)]
    if incomplete:
        raise UserError(f'{", ".join(incomplete)}: incomplete; get what the lines above name.')


def tell(name: str, root: str | None) -> bool:
    """Print what is missing of a set; returns whether it is complete."""
    faults = list(find_data_set(name).faults(root))
    print('\n'.join(f'{name}: {text}' for text in faults or ['complete']))
    return not faults


if __name__ == '__main__':
    run(main)
