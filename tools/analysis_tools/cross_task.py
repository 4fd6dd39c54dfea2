"""SR networks of some trainings in front of the task networks of others (S2: of H->T; S4: of another task).

    python tools/analysis_tools/cross_task.py --sr work_dirs/sr4ir/A/epoch_30.pth work_dirs/sr/B/epoch_30.pth \
        --task work_dirs/h2t/C/epoch_30.pth -o cross_task --test

Every pair becomes a checkpoint with its config in the folder -o, which tools/predict.py --weights takes; with --test,
every pair is evaluated on the test data of its task network, and a table is printed.
"""

from __future__ import annotations

import argparse
import warnings
from itertools import product
from pathlib import Path

from sr4ir_mm.utils import cli


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    from mmengine.config import DictAction

    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    kind = 'shipped models, or checkpoints with their config'
    parser.add_argument('--sr', nargs='+', required=True, help=f'lend SR networks: {kind}')
    parser.add_argument('--task', nargs='+', required=True, help=f'lend task networks: {kind}')
    parser.add_argument(
        '-o', '--out', type=Path, default=Path('cross_task'), help='folder to write'
    )
    parser.add_argument('--test', action='store_true', help='evaluate every pair')
    parser.add_argument(
        '--metric', help='shown in the table, such as coco/bbox_mAP; the first by default'
    )
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE')
    return parser.parse_args()


def main() -> None:
    """Combine every pair, evaluate if asked for."""
    args = parse_args()
    warnings.filterwarnings('ignore')
    from sr4ir_mm.apis.analysis import cross_task
    from sr4ir_mm.apis.comparing import short_names
    from sr4ir_mm.apis.outputs import check_folder

    names = short_names(args.sr + args.task)
    check_folder(args.out, '-o')
    results = {}
    for sr, task in product(dict.fromkeys(args.sr), dict.fromkeys(args.task)):
        stem = f'{names[sr]}--{names[task]}'.replace('/', '_')
        path = cross_task.write_combined(sr, task, args.out / f'{stem}.pth')
        print(path)
        if args.test:
            pair = names[sr], names[task]
            results[pair] = cross_task.evaluate(path, args.cfg_options)
    if results:
        text = cross_task.table(results, args.metric)
        (args.out / 'table.md').write_text(f'{text}\n')
        print(text)


if __name__ == '__main__':
    cli.run(main)
