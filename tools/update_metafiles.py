"""Write configs/*/metafile.yml, the lists in configs/*/README.md and model-index.yml from the configs.

    python tools/update_metafiles.py             # after a config was added or removed
    python tools/update_metafiles.py --check     # tell what is out of date, write nothing

Results in the metafiles and all text of the READMEs outside the list of configs are kept.
"""

import argparse
from pathlib import Path

from sr4ir_mm.utils import cli
from sr4ir_mm.utils.errors import UserError


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Write what is told of the configs')
    parser.add_argument('--check', action='store_true', help='write nothing; fail if it is due')
    parser.add_argument('--root', type=Path, default=Path(), help='of the clone')
    return parser.parse_args()


def main() -> None:
    """Write the files that are out of date, or tell them."""
    args = parse_args()
    from sr4ir_mm.apis.metafiles import outdated, texts
    from sr4ir_mm.apis.reproduce.tables import read_tables

    found = texts(args.root, list(read_tables(args.root / 'configs' / 'tables').values()))
    due = outdated(found)
    if args.check and due:
        names = ', '.join(map(str, due))
        raise UserError(f'{names} are out of date; run python tools/update_metafiles.py.')
    for path in due:
        path.write_text(found[path], encoding='utf-8')
        print(path)


if __name__ == '__main__':
    cli.run(main)
