"""Results of the evidence ladder: one JSON file a run, and the tables and curves made from them."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.pages import write_part

#: Method -> its row in the tables, in the order of the paper.
METHODS = {
    'h2t': 'H→T (upper mark)',
    'l2t': 'L→T',
    's2t': 'S→T',
    't2s': 'T→S',
    'swt': 'S+T',
    'sr4ir': 'SR4IR',
    'sr4ir-no-tdp': 'SR4IR without TDP',
    'sr4ir-no-cqmix': 'SR4IR without CQMix',
    'sr4ir-joint': 'SR4IR, joint',
}
#: What the tables and pictures compare: better minus worse, as the paper expects it.
PAIRS = (('s2t', 'l2t'), ('sr4ir', 'l2t'), ('sr4ir', 's2t'), ('sr4ir', 'swt'))
ABLATIONS = (('sr4ir', 'sr4ir-no-tdp'), ('sr4ir', 'sr4ir-no-cqmix'), ('sr4ir', 'sr4ir-joint'))
_COLOURS = dict(
    h2t='black', l2t='tab:blue', s2t='tab:cyan', t2s='tab:olive', swt='tab:green', sr4ir='tab:red'
)

_PANELS_A_ROW = 4


@dataclass(frozen=True)
class Result:
    """One finished run.

    Attributes:
        task: detection, segmentation or classification.
        dataset: Name of the data set.
        scale: Between LR and HR images.
        method: A key of :data:`METHODS`.
        seed: Of the run.
        metric: Name of the task's metric.
        value: That metric after the last epoch, on the test images.
        psnr: dB, mean over the test images; None for HR images.
        ssim: Mean over the test images.
        commit: Of the code.
        command: What repeats the run.
        minutes: Training and its validations.
        device: What it ran on.
        curve: Epoch -> the metric then; shown, never chosen from.
    """

    task: str
    dataset: str
    scale: int
    method: str
    seed: int
    metric: str
    value: float
    psnr: float | None
    ssim: float | None
    commit: str
    command: str
    minutes: float
    device: str
    curve: dict[str, float] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Write the file whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix('.part')
        part.write_text(json.dumps(asdict(self), indent=1, allow_nan=False) + '\n')
        part.replace(path)


def read_results(folder: Path) -> list[Result]:
    """All results of a folder.

    Raises:
        UserError: A file is no result; names it.
    """
    return [read_result(path) for path in sorted(folder.glob('*.json'))]


def read_result(path: Path) -> Result:
    """One result.

    Raises:
        UserError: The file is no result; names it.
    """
    try:
        result = Result(**json.loads(path.read_text()))
    except (ValueError, TypeError) as error:
        raise UserError(
            f'{path} is no result ({error}); expected the fields {[f.name for f in fields(Result)]}.'
        ) from error
    if result.method not in METHODS:
        raise UserError(f'{path} has method={result.method!r}; expected one of {list(METHODS)}.')
    return result


def write_report(results: Sequence[Result], report: Path) -> None:
    """Rewrite the tables of a report, see :func:`write_part`, and the picture of the curves beside it."""
    write_part(report, 'results', f'\n{tables(results)}', title='Results')
    if results:
        draw_curves(results, report.parent / 'images' / 'results_curves.png')


def tables(results: Sequence[Result]) -> str:
    """A table a data set, and one of paired differences."""
    parts = [data_set_table(group) for group in by_data_set(results)]
    return '\n'.join([*parts, difference_table(results)])


def by_data_set(results: Sequence[Result]) -> list[list[Result]]:
    """The results of each data set and scale."""
    groups: dict[tuple[str, int], list[Result]] = {}
    for result in results:
        groups.setdefault((result.dataset, result.scale), []).append(result)
    return list(groups.values())


def data_set_table(results: Sequence[Result]) -> str:
    """Mean and sample standard deviation over the seeds, a row a method."""
    first = results[0]
    lines = [
        f'### {first.dataset}, {first.task}, x{first.scale}',
        '',
        f'| | {first.metric} | PSNR | SSIM | seeds | minutes a run |',
        '|---|---|---|---|---|---|',
    ]
    for method, label in METHODS.items():
        runs = [result for result in results if result.method == method]
        if runs:
            cells = (
                mean_and_spread([run.value for run in runs], value_format(first.metric)),
                mean_and_spread([run.psnr for run in runs if run.psnr is not None], '.2f'),
                mean_and_spread([run.ssim for run in runs if run.psnr is not None], '.3f'),
                ', '.join(str(run.seed) for run in runs),
                f'{statistics.mean(run.minutes for run in runs):.1f}',
            )
            lines.append(f'| {label} | {" | ".join(cells)} |')
    return '\n'.join([*lines, ''])


def value_format(metric: str) -> str:
    """Metrics in percent get two digits, others three."""
    return '.3f' if metric.startswith('coco/') else '.2f'


def mean_and_spread(values: Sequence[float], form: str) -> str:
    """'mean ± standard deviation'; only the mean of one value, a dash for none."""
    if not values:
        return '–'
    mean = f'{statistics.mean(values):{form}}'
    return mean if len(values) == 1 else f'{mean} ± {statistics.stdev(values):{form}}'


def difference_table(results: Sequence[Result]) -> str:
    """Differences of two methods seed by seed: the seeds share the initial networks, so their spread is no noise."""
    groups = by_data_set(results)
    names = [f'{group[0].dataset} x{group[0].scale}' for group in groups]
    lines = [
        '### Differences, seed by seed',
        '',
        f'| | {" | ".join(names)} |',
        '|---|' + '---|' * len(groups),
    ]
    for better, worse in (*PAIRS, *ABLATIONS):
        cells = [difference_cell(group, better, worse) for group in groups]
        lines.append(f'| {METHODS[better]} − {METHODS[worse]} | {" | ".join(cells)} |')
    return '\n'.join([*lines, ''])


def difference_cell(results: Sequence[Result], better: str, worse: str) -> str:
    """Mean difference and in how many of the shared seeds it is positive."""
    values = {(r.method, r.seed): r.value for r in results}
    differences = [
        values[better, seed] - values[worse, seed]
        for method, seed in values
        if method == better and (worse, seed) in values
    ]
    if not differences:
        return '–'
    form = value_format(results[0].metric)
    wins = sum(difference > 0 for difference in differences)
    return f'{statistics.mean(differences):+{form}} ({wins} of {len(differences)})'


def draw_curves(results: Sequence[Result], path: Path) -> None:
    """Metric over the epochs, mean over the seeds with the range between lowest and highest, a panel a data set."""
    import matplotlib

    matplotlib.use('Agg')
    from matplotlib import pyplot

    groups = by_data_set(results)
    rows = math.ceil(len(groups) / _PANELS_A_ROW)
    columns = min(len(groups), _PANELS_A_ROW)
    figure, axes = pyplot.subplots(
        rows, columns, figsize=(3.6 * columns, 3.2 * rows), squeeze=False
    )
    for axis in axes.flat[len(groups) :]:
        axis.axis('off')
    for axis, group in zip(axes.flat, groups, strict=False):
        axis.set_title(f'{group[0].dataset} x{group[0].scale}', fontsize=10)
        axis.set_xlabel('epoch')
        axis.set_ylabel(group[0].metric)
        for method, colour in _COLOURS.items():
            _draw_method(axis, [r for r in group if r.method == method], METHODS[method], colour)
    handles, labels = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc='lower center', ncol=len(labels), frameon=False)
    figure.tight_layout(rect=(0, 0.08 / rows, 1, 1))
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=80)
    pyplot.close(figure)


def _draw_method(axis: object, runs: Sequence[Result], label: str, colour: str) -> None:
    epochs = sorted({int(epoch) for run in runs for epoch in run.curve})
    if not epochs:
        return

    def over_seeds(reduce: Callable[[list[float]], float]) -> list[float]:
        """One value an epoch, of the seeds that have it."""
        return [reduce([run.curve[str(e)] for run in runs if str(e) in run.curve]) for e in epochs]

    axis.plot(epochs, over_seeds(statistics.mean), label=label, color=colour, marker='.')
    axis.fill_between(epochs, over_seeds(min), over_seeds(max), color=colour, alpha=0.12)
