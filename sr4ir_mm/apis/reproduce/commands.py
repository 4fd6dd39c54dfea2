"""What ``tools/reproduce.py`` does with the tables that were chosen."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from sr4ir_mm.apis.reproduce.cost import CostModel
from sr4ir_mm.apis.reproduce.experiment import Experiment, parse_given
from sr4ir_mm.apis.reproduce.render import DASH, to_list, write_tables
from sr4ir_mm.apis.reproduce.tables import Table, TableRun
from sr4ir_mm.apis.runs import Launch, run_all, with_sources
from sr4ir_mm.utils.errors import UserError


def experiment_of(args: argparse.Namespace) -> Experiment:
    """The experiment that the options describe."""

    def launch(devices: Sequence[int]) -> Launch:
        return Launch(tuple(devices), args.slurm, args.gpus_per_run)

    given = parse_given(args.use)
    return Experiment(args.work_dir, given, launch, lpips=not args.no_lpips)


def tell_runs(tables: Sequence[Table], experiment: Experiment) -> str:
    """The runs behind the tables in the order in which they go, with state, cost and what they start from."""
    plan = experiment.plan()
    wanted = [run for table in tables for run in table.runs()]
    runs = list(dict.fromkeys(run for item in wanted for run in with_sources(item, plan)))
    costs = CostModel.of(experiment, runs)
    lines = [('run', 'state', 'GPU-hours', 'starts from')]
    lines += [_line(run, experiment, costs) for run in runs]
    missing = [run for run in runs if not experiment.done(run)]
    hours = [costs.hours(run) for run in missing]
    total = sum(value for value in hours if value is not None)
    unknown = f', and {hours.count(None)} of unknown cost' if None in hours else ''
    names = ', '.join(table.name for table in tables)
    summary = (
        f'{len(missing)} of {len(runs)} runs are missing, about {total:.0f} GPU-hours{unknown}, at the rate '
        f'{costs.source}.'
    )
    return '\n'.join([to_list(lines), '', f'Tables: {names}', summary])


def _line(run: TableRun, experiment: Experiment, costs: CostModel) -> tuple[str, str, str, str]:
    sources = experiment.sources(run).items()
    starts = [
        f'{net}: {experiment.given.get(source.name, experiment.work_dir(source))}'
        for net, source in sources
    ]
    hours = costs.hours(run)
    state = 'done' if experiment.done(run) else 'given' if run.name in experiment.given else DASH
    return run.name, state, DASH if hours is None else f'{hours:.1f}', ', '.join(starts)


def make_tables(tables: Sequence[Table], experiment: Experiment, args: argparse.Namespace) -> None:
    """Run what is missing unless ``--tables-only``, write the tables of what is there, and print them.

    Raises:
        UserError: Runs failed; the tables of the others are written.
    """
    failure = None
    if not args.tables_only:
        try:
            run_missing(tables, experiment, args)
        except UserError as error:
            failure = error
    folder = experiment.root / 'tables'
    written = write_tables(tables, experiment.metrics, experiment.results, folder)
    print('\n' + '\n'.join(path.read_text(encoding='utf-8') for path in written))
    print(f'{len(written)} tables in {folder}, as Markdown and CSV.')
    if failure is not None:
        raise failure
    check_measured(tables, experiment)


def check_measured(tables: Sequence[Table], experiment: Experiment) -> None:
    """Check that every finished run measured something of each table that asks for it.

    Raises:
        UserError: One did not.
    """
    for table in tables:
        for run in table.runs():
            measured = experiment.metrics(run)
            if measured and all(metric.of(measured) is None for metric in table.metrics):
                raise UserError(
                    f'{run.name} measured {sorted(measured)}, none of which is in table {table.name}; correct the keys '
                    'of its metrics.'
                )


def run_missing(tables: Sequence[Table], experiment: Experiment, args: argparse.Namespace) -> None:
    """Run what is missing by the project's scheduler."""
    if args.gpus and args.gpus < args.gpus_per_run:
        raise UserError(
            f'--gpus {args.gpus} are fewer than --gpus-per-run {args.gpus_per_run}; give more, or fewer a run.'
        )
    places = args.gpus // args.gpus_per_run if args.gpus else 1
    # A thread more than places would wait for GPUs with some in its hand.
    jobs = min(args.jobs or places, places) if args.gpus else args.jobs or 1
    jobs = 1 if args.smoke else jobs
    plan = experiment.plan(range(args.gpus), args.gpus_per_run)
    run_all(experiment.missing(tables), plan, jobs)
