"""Make the tables of the papers: python tools/reproduce.py --table sr4ir/1 [options].

    python tools/reproduce.py --list                                        # every run, in order, with its cost
    python tools/reproduce.py --table sr4ir/4 sr4ir/5 --gpus 4              # run what is missing, then write the tables
    python tools/reproduce.py --all --filter task=det,scale=8 --slurm gpu --jobs 8
    python tools/reproduce.py --table sr4ir/1 --use h2t/deeplabv3_voc=models/deeplabv3.pth
    python tools/reproduce.py --all --smoke                                 # every cell on generated data, in minutes

A run that is finished is not done again, and an interrupted one goes on. Without --gpus or --slurm one run goes at a
time, where tools/train.py puts it. docs/reproduce.md tells more.
"""

import argparse
import shutil
from pathlib import Path

from sr4ir_mm.utils import cli


def parse_args() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description='Make the tables of the papers')
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        '--table', nargs='+', default=[], metavar='NAME', help='such as sr4ir/4, or sr4ir for all'
    )
    what.add_argument('--all', action='store_true', help='every table of every paper')
    parser.add_argument(
        '--filter', nargs='+', default=[], metavar='LABEL=VALUE', help='such as task=det,scale=8'
    )
    parser.add_argument('--list', action='store_true', help='tell the runs and stop')
    parser.add_argument('--tables-only', action='store_true', help='write the tables, run nothing')
    parser.add_argument(
        '--smoke', action='store_true', help='two iterations of narrow networks a run, started anew'
    )
    parser.add_argument(
        '--work-dir', type=Path, default=Path('work_dirs'), metavar='DIR', help='of the runs'
    )
    parser.add_argument(
        '--use', nargs='+', default=[], metavar='RUN=PATH', help='finished weights of a run'
    )
    parser.add_argument(
        '--gpus', type=int, default=0, metavar='N', help='GPUs of this machine to share out'
    )
    parser.add_argument('--slurm', metavar='PARTITION', help='submit the runs instead')
    parser.add_argument(
        '--gpus-per-run', type=int, default=1, metavar='N', help='processes of each training'
    )
    parser.add_argument('--jobs', type=int, metavar='N', help='runs at a time')
    parser.add_argument('--no-lpips', action='store_true', help='test without LPIPS')
    args = parser.parse_args()
    if not (args.table or args.all or args.list):
        parser.error('name a --table, or --all; --list tells the names.')
    if args.slurm is not None and args.gpus:
        parser.error('--gpus are those of this machine; with --slurm give --gpus-per-run.')
    return args


def main() -> None:
    """Tell the runs, make what is missing, write the tables."""
    args = parse_args()
    from sr4ir_mm.apis.methods import configs_folder
    from sr4ir_mm.apis.reproduce import commands, tables

    known = tables.read_tables(configs_folder() / 'tables')
    chosen = tables.select(known, args.table or known, tables.parse_filters(args.filter))
    if args.smoke:
        from sr4ir_mm.testing.smoke import smoke_experiment

        experiment = smoke_experiment(args.work_dir / 'smoke')
        if not args.tables_only:
            shutil.rmtree(experiment.root, ignore_errors=True)
    else:
        experiment = commands.experiment_of(args)
    if args.list:
        print(commands.tell_runs(chosen, experiment))
        return
    commands.make_tables(chosen, experiment, args)


if __name__ == '__main__':
    cli.run(main)
