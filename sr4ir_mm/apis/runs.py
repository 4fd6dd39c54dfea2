"""Several trainings as one experiment: each is skipped when done, resumed when interrupted, and waits for its sources.

The one scheduler of the project; the quick start, the projects and the tables of the papers are made with it.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

import sr4ir_mm
from sr4ir_mm.utils.errors import UserError

Run = TypeVar('Run', bound=Hashable)

_ATTEMPTS = 'attempts.json'
_DONE = 'done'
_SHOWN_OF_A_FAILURE = 15
#: Of ``tools/dist_train.sh``; runs side by side need one each.
_FIRST_PORT = 29500


@dataclass(frozen=True)
class Launch:
    """Where the tools run.

    Attributes:
        devices: GPUs of this machine, one process each; none leaves the choice to the tool.
        partition: Slurm partition to submit to instead; a submitted run is waited for.
        gpus: GPUs of a submitted run.
    """

    devices: tuple[int, ...] = ()
    partition: str | None = None
    gpus: int = 1

    def command(self, tool: str, config: str, work_dir: Path, options: Sequence[str]) -> list[str]:
        """The words that run ``tools/<tool>`` on a config."""
        if self.partition is not None:
            words = [self.partition, work_dir.name, config, str(work_dir)]
            return ['bash', tool_path('slurm_train.sh'), *words, *options]
        rest = ['--work-dir', str(work_dir), *options]
        if self._distributed(tool):
            return ['bash', tool_path('dist_train.sh'), config, str(len(self.devices)), *rest]
        return [sys.executable, tool_path(tool), config, *rest]

    def environment(self, tool: str) -> dict[str, str]:
        """Variables that the command needs."""
        if self.partition is not None:
            return {'GPUS': str(self.gpus), 'TOOL': tool, 'PYTHON': sys.executable}
        devices = self.devices if self._distributed(tool) else self.devices[:1]
        if not devices:
            return {}
        port = _FIRST_PORT + devices[0]
        visible = ','.join(map(str, devices))
        return {'CUDA_VISIBLE_DEVICES': visible, 'PORT': str(port), 'PYTHON': sys.executable}

    def call(
        self,
        words: list[str],
        tool: str,
        log: Path,
        show: Callable[[str], None] | None = None,
        folder: Path | None = None,
    ) -> int:
        """Run a command, in ``folder`` if that is given, and keep what it prints; returns its exit status."""
        with (
            log.open('a', buffering=1) as file,
            subprocess.Popen(
                words,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors='replace',
                env={**os.environ, **self.environment(tool)},
                cwd=folder,
            ) as process,
        ):
            for line in process.stdout:
                file.write(line)
                if show is not None:
                    show(line)
        return process.returncode

    def _distributed(self, tool: str) -> bool:
        return len(self.devices) > 1 and tool == 'train.py'


def tool_path(name: str) -> str:
    """A tool of the project in the current folder, or else the one that comes with the package."""
    here = Path('tools') / name
    return str(here if here.is_file() else Path(sr4ir_mm.__file__).parent / '.mim' / here)


@dataclass(frozen=True)
class Training:
    """One training, as ``tools/train.py`` does it.

    Attributes:
        config: Config file, from the project's root.
        work_dir: Folder of its log and checkpoints.
        seed: Seed of all random numbers.
        init: Network ('sr_net', 'task_net', 'extractor') -> work_dir of the finished training whose last checkpoint it
            starts from, or a checkpoint.
        options: Further settings of the config, as ``--cfg-options`` takes them.
    """

    config: Path
    work_dir: Path
    seed: int
    init: Mapping[str, Path] = field(default_factory=dict)
    options: Mapping[str, object] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        """Whether it ran to its end."""
        return (self.work_dir / _DONE).is_file()

    @property
    def log(self) -> Path:
        """Everything that it printed."""
        return self.work_dir / 'train.log'

    def options_of_tool(self) -> list[str]:
        """What follows the config and the work_dir; the trainings of ``init`` must be done."""
        settings = {**self.init_options(), **self.options}
        return ['--seed', str(self.seed), *_cfg_options(settings)]

    def init_options(self) -> dict[str, object]:
        """Settings that name the first weights; the trainings of ``init`` must be done."""
        return {
            f'model.init_from.{net}': last_checkpoint(source) for net, source in self.init.items()
        }

    def arguments(self) -> list[str]:
        """What follows ``python``; the trainings of ``init`` must be done."""
        place = [str(self.config), '--work-dir', str(self.work_dir)]
        return ['tools/train.py', *place, *self.options_of_tool()]

    def command(self) -> str:
        """The line that a user types for it."""
        return shlex.join(['python', *self.arguments()])


def _cfg_options(settings: Mapping[str, object]) -> list[str]:
    words = [f'{name}={value}' for name, value in settings.items()]
    return ['--cfg-options', *words] if words else []


def train(
    training: Training, show: Callable[[str], None] | None = None, launch: Launch | None = None
) -> None:
    """Run a training in a process of its own, unless it is done; an interrupted one is resumed.

    Args:
        training: What to run; the current folder is the project's root.
        show: Called with every line that the training prints.
        launch: Where; this machine, without a choice of GPUs, by default.

    Raises:
        UserError: It failed; the end of its log is in the message.
    """
    if training.done:
        return
    launch = launch or Launch()
    options = training.options_of_tool()
    if (training.work_dir / 'last_checkpoint').is_file():
        options = ['--resume', *options]
    training.work_dir.mkdir(parents=True, exist_ok=True)
    _note_attempt(training.work_dir)
    words = launch.command('train.py', str(training.config), training.work_dir, options)
    if launch.call(words, 'train.py', training.log, show) != 0:
        raise UserError(
            f'{training.command()} failed; the end of {training.log}: {_tail(training.log)}'
        )
    (training.work_dir / _DONE).touch()


def evaluate(
    training: Training,
    checkpoint: Path | None,
    options: Mapping[str, object],
    launch: Launch | None = None,
) -> dict[str, float]:
    """Test a training's model with ``tools/test.py`` in a process of its own.

    Args:
        training: Its config and settings.
        checkpoint: The weights; None for a config of finished networks, which are taken from ``init`` and the config.
        options: Further settings of the test alone.
        launch: Where, see :func:`train`.

    Returns:
        Metric -> value, as the test writes them.

    Raises:
        UserError: It failed; the end of its log is in the message.
    """
    launch = launch or Launch()
    work_dir = training.work_dir / 'test'
    work_dir.mkdir(parents=True, exist_ok=True)
    init = training.init_options() if checkpoint is None else {}
    settings = _cfg_options({**init, **training.options, **options})
    words = [str(checkpoint or 'none'), *settings]
    command = launch.command('test.py', str(training.config), work_dir, words)
    log = work_dir / 'test.log'
    if launch.call(command, 'test.py', log) != 0:
        raise UserError(f'{shlex.join(command)} failed; the end of {log}: {_tail(log)}')
    written = sorted(work_dir.glob('*/*.json'), key=lambda path: path.stat().st_mtime)
    if not written:
        raise UserError(f'{shlex.join(command)} wrote no metrics; see {log}.')
    return json.loads(written[-1].read_text())


def analyse(words: Sequence[str], log: Path, launch: Launch, folder: Path) -> None:
    """Run a tool that needs neither config nor work_dir, such as those of ``tools/analysis_tools``, on this machine.

    Args:
        words: Its name below ``tools/`` and its arguments.
        log: Keeps what it prints.
        launch: Whose GPUs it gets.
        folder: Current folder of the tool.

    Raises:
        UserError: It failed; the end of its log is in the message.
    """
    command = [sys.executable, str(Path(tool_path(words[0])).resolve()), *words[1:]]
    here = Launch(launch.devices)
    if here.call(command, words[0], log, folder=folder) != 0:
        raise UserError(f'{shlex.join(command)} failed; the end of {log}: {_tail(log)}')


def last_checkpoint(work_dir: Path) -> Path:
    """The last checkpoint of a training, in its work_dir; a file is taken as the checkpoint itself.

    Raises:
        UserError: There is none.
    """
    if work_dir.is_file():
        return work_dir
    pointer = work_dir / 'last_checkpoint'
    if not pointer.is_file():
        raise UserError(f'{work_dir} holds no checkpoint; train it first.')
    # mmengine writes an absolute path, which is wrong once the folder has moved.
    return work_dir / Path(pointer.read_text().strip()).name


def minutes(training: Training) -> float:
    """Minutes that a finished training took; of an interrupted attempt, up to the checkpoint that was resumed."""
    starts = json.loads((training.work_dir / _ATTEMPTS).read_text())
    checkpoints = sorted(path.stat().st_mtime for path in training.work_dir.glob('epoch_*.pth'))
    end = (training.work_dir / _DONE).stat().st_mtime
    seconds = end - starts[-1]
    for start, following in zip(starts, starts[1:], strict=False):
        seconds += max([at - start for at in checkpoints if start < at < following], default=0.0)
    return seconds / 60


def validations(training: Training, names: Sequence[str]) -> dict[int, dict[str, float]]:
    """Epoch -> validation metrics of a training, over all its attempts.

    Args:
        training: The training.
        names: Metrics to keep, such as 'coco/bbox_mAP'.
    """
    found: dict[int, dict[str, float]] = {}
    for path in sorted(training.work_dir.glob('*/vis_data/scalars.json')):
        for line in path.read_text().splitlines():
            scalars = json.loads(line)
            values = {name: scalars[name] for name in names if name in scalars}
            if values:
                found[scalars['step']] = values
    return found


def _note_attempt(work_dir: Path) -> None:
    path = work_dir / _ATTEMPTS
    starts = json.loads(path.read_text()) if path.is_file() else []
    path.write_text(json.dumps([*starts, time.time()]))


def _tail(log: Path) -> str:
    return ' | '.join(log.read_text().splitlines()[-_SHOWN_OF_A_FAILURE:])


@dataclass(frozen=True)
class Plan(Generic[Run]):
    """What a scheduler has to know of the runs of an experiment.

    Attributes:
        sources: The runs that one starts from.
        done: Whether a run has been finished before.
        finish: Runs one to its end and returns what to say of it; called in a thread of its own.
        name: Of a run, for messages.
    """

    sources: Callable[[Run], Iterable[Run]]
    done: Callable[[Run], bool]
    finish: Callable[[Run], str]
    name: Callable[[Run], str] = str


def run_all(wanted: Iterable[Run], plan: Plan[Run], jobs: int = 1) -> None:
    """Run each wanted run after what it starts from, several at a time, in the given order where that leaves a choice.

    Args:
        wanted: Runs; their sources are added, and what is done is a source but not run again.
        plan: What to know of them.
        jobs: How many run at a time.

    Raises:
        UserError: At the end, if runs failed; what does not depend on them has been done.
    """
    waiting = list(dict.fromkeys(run for item in wanted for run in with_sources(item, plan)))
    running: dict[Future, Run] = {}
    failed: dict[Run, str] = {}
    clock = _Clock(len(waiting), jobs)
    with ThreadPoolExecutor(jobs) as pool:
        while waiting or running:
            waiting = _drop_orphans(waiting, failed, plan)
            ready = [r for r in waiting if all(plan.done(s) for s in plan.sources(r))]
            for run in ready[: jobs - len(running)]:
                waiting.remove(run)
                print(f'start   {plan.name(run)} ({len(waiting)} waiting)', flush=True)
                running[pool.submit(plan.finish, run)] = run
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                run = running.pop(future)
                if future.exception() is not None:
                    failed[run] = str(future.exception())
                outcome = failed.get(run) or future.result()
                left = clock.left(len(waiting) + len(running))
                print(f'done    {plan.name(run)}: {outcome}{left}', flush=True)
    if failed:
        names = ', '.join(plan.name(run) for run in failed)
        raise UserError(f'{len(failed)} runs did not finish: {names}; their messages are above.')


def with_sources(run: Run, plan: Plan[Run]) -> list[Run]:
    """A run after everything that it starts from."""
    return [r for source in plan.sources(run) for r in with_sources(source, plan)] + [run]


def _drop_orphans(waiting: list[Run], failed: dict[Run, str], plan: Plan[Run]) -> list[Run]:
    """Move to ``failed`` what starts from something that failed; return the rest."""
    kept = []
    for run in waiting:
        lost = [source for source in plan.sources(run) if source in failed]
        if lost:
            failed[run] = f'{plan.name(lost[0])} failed'
        else:
            kept.append(run)
    return kept


class _Clock:
    """Says how long the rest will take, if it takes as long as what has been done."""

    def __init__(self, total: int, jobs: int) -> None:
        self.total = total
        self.jobs = jobs
        self.start = time.time()

    def left(self, remaining: int) -> str:
        """``', 12 min left'``; nothing when nothing is left."""
        done = self.total - remaining
        if not remaining or not done:
            return ''
        return f', about {(time.time() - self.start) / done * remaining / 60:.0f} min left'
