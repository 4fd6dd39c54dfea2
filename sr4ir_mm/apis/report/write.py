"""From work dirs to a folder with the page and the tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sr4ir_mm.apis.report.evaluate import (
    Contestant,
    Image,
    chosen,
    contest,
    grouped,
    groupings,
    image_rows,
    strip,
    write_csv,
)
from sr4ir_mm.apis.report.judge import calibration, size_bounds, stratified_ap
from sr4ir_mm.apis.report.page import Report, Strip, page
from sr4ir_mm.apis.report.runs import Run, config_differences, read_runs
from sr4ir_mm.utils.track import track

_MERITS = {
    'mmdet': 'F1 score of the boxes of an image (IoU 0.5, score 0.3); of an object, 1 if it was found',
    'mmseg': 'IoU of the classes of an image, and their mean',
    'mmpretrain': 'probability of the true class',
}


def write_report(
    work_dirs: Sequence[Path],
    out_dir: Path,
    strips: int = 40,
    limit: int | None = None,
    device: str | None = None,
) -> Path:
    """Compare finished runs on their test images.

    Args:
        work_dirs: Folders of the runs; the first is what the others are compared with.
        out_dir: Gets ``index.html``, ``images.csv`` (merit and gain of each image) and ``gains.csv`` (by object size,
            class and LR size).
        strips: Pictures on the page: the images that gained most and lost most.
        limit: Test images judged; None for all.
        device: Where the models run.

    Returns:
        The page.

    Raises:
        UserError: A folder holds no finished run, or the runs do not belong to one data set.
    """
    runs = read_runs(list(work_dirs))
    contestants = [Contestant(run, device) for run in runs]
    images, found = contest(contestants, limit)
    groups = {
        name: grouped(images, group, len(runs))
        for name, group in groupings(images, contestants[0].classes).items()
    }
    out_dir.mkdir(parents=True, exist_ok=True)
    write_tables(out_dir, [run.name for run in runs], images, groups)
    report = _report(runs, images, groups)
    if found[0]:
        report.size_ap = _size_ap(found, images)
    shown = chosen(images, len(runs) - 1, strips)
    report.strips = [
        _strip(contestants, images, number) for number in track(shown, 'drawing images')
    ]
    path = out_dir / 'index.html'
    path.write_text(page(report), encoding='utf-8')
    return path


def write_tables(
    out_dir: Path,
    names: Sequence[str],
    images: Sequence[Image],
    groups: dict[str, list[tuple[str, int, list[float]]]],
) -> None:
    """Write gains by image and by group as CSV."""
    gains = [f'gain {name}' for name in names[1:]]
    header = ['image', 'LR width', 'LR height', 'items', *names, *gains]
    write_csv(out_dir / 'images.csv', header, image_rows(images, len(names)))
    rows = [
        [
            grouping,
            name,
            count,
            *(f'{merit:.4f}' for merit in merits),
            *(f'{merit - merits[0]:+.4f}' for merit in merits[1:]),
        ]
        for grouping, group in groups.items()
        for name, count, merits in group
    ]
    write_csv(out_dir / 'gains.csv', ['grouped by', 'group', 'items', *names, *gains], rows)


def _report(
    runs: Sequence[Run],
    images: Sequence[Image],
    groups: dict[str, list[tuple[str, int, list[float]]]],
) -> Report:
    names = [run.name for run in runs]
    metrics = sorted(set().union(*(run.metrics for run in runs)))
    bounds = size_bounds([item.size for image in images for item in image.items])
    return Report(
        runs=names,
        merit=_MERITS[runs[0].cfg.default_scope],
        metrics={name: [_last(run, name) for run in runs] for name in metrics},
        curves={
            name: {run.name: sorted(run.metrics.get(name, {}).items()) for run in runs}
            for name in metrics
            if any(len(run.metrics.get(name, {})) > 1 for run in runs)
        },
        losses={run.name: sorted(run.losses.items()) for run in runs},
        groups=groups,
        size_ap={},
        sizes='Sizes are the square root of the area in px of the original image, in three parts of about the same '
        f'number: small up to {bounds[0]:.1f}, medium up to {bounds[1]:.1f}.',
        calibrations={
            run.name: calibration(
                [value for image in images for value in image.judgements[number].confidences],
                [value for image in images for value in image.judgements[number].right],
            )
            for number, run in enumerate(runs)
        },
        strips=[],
        images=len(images),
        gained=gained(names, images),
        differences=config_differences(list(runs)) if len(runs) > 1 else {},
        environments={run.name: run.environment for run in runs},
        commands={run.name: run.commands for run in runs},
    )


def gained(names: Sequence[str], images: Sequence[Image]) -> str:
    """How many images each run gained and lost against the first."""
    sentences = []
    for number, name in enumerate(names[1:], 1):
        gains = [image.gain(number) for image in images]
        more, less = sum(gain > 0 for gain in gains), sum(gain < 0 for gain in gains)
        sentences.append(f'{name} is better than {names[0]} on {more} and worse on {less}.')
    return ' '.join(sentences)


def _last(run: Run, metric: str) -> float | None:
    values = run.metrics.get(metric)
    return values[max(values)] if values else None


def _size_ap(found: Sequence[Sequence], images: Sequence[Image]) -> dict[str, list[float]]:
    items = [image.items for image in images]
    bounds = size_bounds([item.size for objects in items for item in objects])
    by_run = [stratified_ap(predictions, items, bounds) for predictions in found]
    return {size: [values[size] for values in by_run] for size in by_run[0]}


def _strip(contestants: Sequence[Contestant], images: Sequence[Image], number: int) -> Strip:
    image = images[number]
    merits = [judgement.merit for judgement in image.judgements]
    return Strip(image.name, merits[-1] - merits[0], merits, strip(contestants, number))
