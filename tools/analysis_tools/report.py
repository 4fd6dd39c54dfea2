"""Compare finished runs on one page: python tools/analysis_tools/report.py WORK_DIR [WORK_DIR ...] -o report/.

The first run is what the others are compared with. The page is one file that needs no network; images.csv and gains.csv
lie beside it.
"""

import argparse
import warnings
from pathlib import Path

from sr4ir_mm.utils import cli


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Compare finished runs on one page')
    parser.add_argument('work_dirs', nargs='+', type=Path, metavar='WORK_DIR', help='finished runs')
    parser.add_argument('-o', '--out', type=Path, default=Path('report'), help='folder to write')
    parser.add_argument('--strips', type=int, default=40, help='images shown on the page')
    parser.add_argument('--limit', type=int, help='test images judged; all by default')
    parser.add_argument('--device', help='such as cpu or cuda:0; a GPU if there is one by default')
    return parser.parse_args()


def main() -> None:
    """Write the report and tell where it is."""
    args = parse_args()
    warnings.filterwarnings('ignore')
    from sr4ir_mm.apis.outputs import check_folder
    from sr4ir_mm.apis.report.write import write_report

    check_folder(args.out, '-o')
    path = write_report(args.work_dirs, args.out, args.strips, args.limit, args.device)
    print(f'{path}, and images.csv and gains.csv beside it')


if __name__ == '__main__':
    cli.run(main)
