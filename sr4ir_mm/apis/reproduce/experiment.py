"""The runs of the tables: what each starts from, where it lies, how it is trained and tested."""

from __future__ import annotations

import json
import queue
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from mmengine.config import Config

from sr4ir_mm.apis.methods import configs_folder
from sr4ir_mm.apis.reproduce.tables import CHECKPOINT, Table, TableRun
from sr4ir_mm.apis.runs import (
    Launch,
    Plan,
    Training,
    analyse,
    evaluate,
    last_checkpoint,
    train,
    with_sources,
)
from sr4ir_mm.apis.runs import minutes as minutes_of
from sr4ir_mm.utils import cli
from sr4ir_mm.utils.errors import UserError

#: What configs call the runs that they start from: ``work_dirs/<method>/<name>/epoch_<n>.pth``.
_SOURCE = re.compile(r'work_dirs/([\w-]+/[\w-]+)/epoch_\d+\.pth')
_METRICS = 'metrics.json'
#: Of all metrics, those that are told while runs go.
_SHOWN = ('mIoU', 'coco/bbox_mAP', 'pascal_voc/mAP', 'accuracy/top1', 'sr/psnr', 'sr/lpips')


@dataclass(frozen=True)
class Experiment:
    """Where runs lie and how they are made.

    Attributes:
        root: Folder of the runs, each in ``<root>/<method>/<name>``.
        given: Run -> checkpoint or work_dir to take in its place (``--use``).
        launch: Makes the :class:`Launch` of a run from the GPUs that are free for it.
        lpips: Whether tests measure LPIPS too, which needs the weights of VGG.
    """

    root: Path = Path('work_dirs')
    given: Mapping[str, Path] = field(default_factory=dict)
    launch: Callable[[Sequence[int]], Launch] = lambda devices: Launch(tuple(devices))
    lpips: bool = True

    def work_dir(self, run: TableRun) -> Path:
        """Of a run."""
        return self.root / run.name

    def sources(self, run: TableRun) -> dict[str, TableRun]:
        """Network -> the run whose last checkpoint its config starts it from; an analysis reads that of each."""
        if run.command:
            return {name: TableRun(name) for name in CHECKPOINT.findall(run.command)}
        sources = {}
        for net, source in (load(run).model.get('init_from') or {}).items():
            match = _SOURCE.fullmatch(str(source))
            if match:
                sources[net] = TableRun(match[1])
        return sources

    def trained_first(self, run: TableRun) -> list[TableRun]:
        """The runs that must be finished before: sources that are not given."""
        return [source for source in self.sources(run).values() if source.name not in self.given]

    def training(self, run: TableRun) -> Training:
        """How a run is trained, and from what."""
        init = {
            net: self.given.get(source.name, self.work_dir(source))
            for net, source in self.sources(run).items()
        }
        seed = load(run).randomness.seed
        options = dict(run.options)
        return Training(config_path(run), self.work_dir(run), seed, init, options)

    def checkpoint(self, run: TableRun) -> Path | None:
        """The finished weights of a run, whoever trained it; None if there are none yet."""
        if run.name in self.given:
            return last_checkpoint(self.given[run.name])
        work_dir = self.work_dir(run)
        last = work_dir / f'epoch_{load(run).train_cfg.max_epochs}.pth'
        if last.is_file():
            return last
        return last_checkpoint(work_dir) if self.training(run).done else None

    def done(self, run: TableRun) -> bool:
        """Whether a run has been trained and tested."""
        return (self.work_dir(run) / _METRICS).is_file()

    def metrics(self, run: TableRun) -> dict[str, float]:
        """What the test of a finished run measured; nothing of an unfinished one."""
        path = self.work_dir(run) / _METRICS
        return json.loads(path.read_text())['metrics'] if path.is_file() else {}

    def results(self, run: TableRun) -> list[Path]:
        """The files that an analysis wrote: ``result.*``, or those in ``result/``."""
        return sorted([*self.work_dir(run).glob('result.*'), *self.work_dir(run).glob('result/*')])

    def minutes(self, run: TableRun) -> float | None:
        """Minutes that a training took which this scheduler ran to its end."""
        if run.command:
            return None
        training = self.training(run)
        return minutes_of(training) if training.done else None

    def finish(self, run: TableRun, devices: Sequence[int] = ()) -> str:
        """Train a run unless it is, test it, and write its metrics; returns what to say of it."""
        if run.command:
            return self.analyse(run, self.launch(devices))
        training, launch = self.training(run), self.launch(devices)
        checkpoint = None
        if is_trained(load(run)):
            if self.checkpoint(run) is None:
                train(training, launch=launch)
            checkpoint = self.checkpoint(run)
        options = lpips_option(load(run)) if self.lpips else {}
        return self.keep(run, checkpoint, evaluate(training, checkpoint, options, launch))

    def analyse(self, run: TableRun, launch: Launch) -> str:
        """Run the command of an analysis; returns where its result is.

        Raises:
            UserError: It failed; the end of its log is in the message.
        """
        self.work_dir(run).mkdir(parents=True, exist_ok=True)
        analyse(self.words(run), self.work_dir(run) / 'analysis.log', launch, self.folder())
        self.keep(run, None, {})
        return f'{self.out(run)}.*'

    def words(self, run: TableRun) -> list[str]:
        """The tool of an analysis and its arguments, with paths for what stands in braces.

        Raises:
            UserError: A run has no checkpoint of its own.
        """
        paths = {'{out}': str(self.out(run))}
        for source in self.sources(run).values():
            checkpoint = self.checkpoint(source) if is_trained(load(source)) else None
            if checkpoint is None:
                raise UserError(
                    f'{run.name} needs a checkpoint of {source.name}, which has none; name a trained run, or --use.'
                )
            paths[f'{{{source.name}}}'] = str(checkpoint.resolve())
        return [_replaced(word, paths) for word in shlex.split(run.command)]

    def out(self, run: TableRun) -> Path:
        """Where the result of an analysis goes, without a suffix; an absolute path."""
        return (self.work_dir(run) / 'result').resolve()

    def folder(self) -> Path:
        """Where analyses run: paths of data are relative to it."""
        return Path.cwd()

    def keep(self, run: TableRun, checkpoint: Path | None, metrics: Mapping[str, float]) -> str:
        """Write the metrics of a tested run; returns what to say of it."""
        record = {
            'metrics': dict(metrics),
            'checkpoint': None if checkpoint is None else str(checkpoint),
        }
        self.work_dir(run).mkdir(parents=True, exist_ok=True)
        (self.work_dir(run) / _METRICS).write_text(json.dumps(record, indent=1))
        return ', '.join(f'{name} {metrics[name]:.4g}' for name in _SHOWN if name in metrics)

    def plan(self, gpus: Sequence[int] = (), gpus_per_run: int = 1) -> Plan[TableRun]:
        """What the scheduler has to know.

        Args:
            gpus: GPUs of this machine to share out among the runs; none leaves the choice to the tools.
            gpus_per_run: How many each gets.
        """
        pool = _Devices(gpus)

        def finish(run: TableRun) -> str:
            with pool.taken(gpus_per_run) as devices:
                return self.finish(run, devices)

        return Plan(
            sources=self.trained_first, done=self.done, finish=finish, name=lambda run: run.name
        )

    def missing(self, tables: Sequence[Table]) -> list[TableRun]:
        """The runs of these tables that are not done, each after what it starts from."""
        plan = self.plan()
        wanted = [run for table in tables for run in table.runs() if not self.done(run)]
        ordered = dict.fromkeys(run for item in wanted for run in with_sources(item, plan))
        return [run for run in ordered if not self.done(run)]


def config_path(run: TableRun) -> Path:
    """File of a run's config, as a user would type it where that is possible.

    Raises:
        UserError: There is none.
    """
    path = configs_folder() / f'{run.config}.py'
    if not path.is_file():
        raise UserError(
            f'{path} does not exist, a table or --use names it; correct it, see --list for the names.'
        )
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def load(run: TableRun) -> Config:
    """The config of a run, options left out."""
    return _load(str(config_path(run)))


@cache
def _load(path: str) -> Config:
    return cli.load_config(path)


def _replaced(word: str, paths: Mapping[str, str]) -> str:
    for name, path in paths.items():
        word = word.replace(name, path)
    return word


def is_trained(cfg: Config) -> bool:
    """Whether a config trains anything; others put finished networks together and are tested alone."""
    return bool(cfg.get('train_cfg'))


def lpips_option(cfg: Config) -> dict[str, str]:
    """The option that measures LPIPS where a config measures SSIM, as the paper's tables want it."""
    metrics = cfg.test_evaluator if isinstance(cfg.test_evaluator, list) else [cfg.test_evaluator]
    return {
        f'test_evaluator.{index}.type': 'sr4ir_mm.LPIPS'
        for index, metric in enumerate(metrics)
        if metric.type == 'sr4ir_mm.SSIM'
    }


def parse_given(texts: Sequence[str]) -> dict[str, Path]:
    """``<method>/<name>=PATH`` to a dict.

    Raises:
        UserError: A text has another form, names no config, or a path that does not exist.
    """
    given = {}
    for text in texts:
        name, found, path = text.partition('=')
        if not (name and found and path):
            raise UserError(
                f'--use {text!r} must be <method>/<name>=PATH, such as sr/edsr_x8_cars=x8.pth.'
            )
        config_path(TableRun(name))
        if not Path(path).exists():
            raise UserError(
                f'--use {text}: {path} does not exist; give a checkpoint or the work_dir of a finished training.'
            )
        given[name] = Path(path)
    return given


class _Devices:
    """GPUs shared out among runs that go side by side."""

    def __init__(self, gpus: Sequence[int]) -> None:
        self.free: queue.Queue[int] | None = queue.Queue() if gpus else None
        for gpu in gpus:
            self.free.put(gpu)

    @contextmanager
    def taken(self, count: int) -> Iterator[list[int]]:
        """As many of them as a run needs; it waits for them."""
        devices = [self.free.get() for _ in range(count)] if self.free else []
        try:
            yield devices
        finally:
            for device in devices:
                self.free.put(device)
