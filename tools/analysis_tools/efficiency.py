"""Parameters, multiply-adds, images a second and peak memory of models, SR and task network apart (S3).

    python tools/analysis_tools/efficiency.py sr4ir_x4_scenes-det work_dirs/l2t/x/epoch_30.pth --size 24 24

What an iteration of training costs is told by tools/analysis_tools/benchmark.py.
"""

from __future__ import annotations

import argparse
import warnings
from dataclasses import replace
from pathlib import Path

from sr4ir_mm.utils import cli


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument(
        'models', nargs='+', help='shipped models, or checkpoints with their config'
    )
    parser.add_argument(
        '--size', nargs=2, type=int, default=[56, 56], help='height and width of the LR image, px'
    )
    parser.add_argument('--repeats', type=int, default=10, help='timed passes')
    parser.add_argument('--threads', type=int, help="PyTorch's threads on a CPU")
    parser.add_argument('--device', help='such as cpu or cuda:0; a GPU if there is one by default')
    parser.add_argument('-o', '--out', type=Path, help='Markdown file to write')
    return parser.parse_args()


def main() -> None:
    """Measure every model and print the table."""
    args = parse_args()
    warnings.filterwarnings('ignore')
    import torch

    from sr4ir_mm.apis.analysis.efficiency import measure_cost, table
    from sr4ir_mm.apis.comparing import load_models, short_names
    from sr4ir_mm.apis.outputs import check_folder

    if args.out:
        check_folder(args.out.parent, '-o')
    if args.threads:
        torch.set_num_threads(args.threads)
    costs = []
    for model, name in short_names(args.models).items():
        # One after the other, so that memory is that of one.
        (inferencer,) = load_models([model], device=args.device, input='lr').values()
        cost = measure_cost(inferencer, tuple(args.size), args.repeats)
        costs.append(replace(cost, name=name))
    print(table(costs))
    if args.out:
        args.out.write_text(f'{table(costs)}\n')


if __name__ == '__main__':
    cli.run(main)
