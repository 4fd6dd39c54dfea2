"""What a work dir tells about its run."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.config import Config

from sr4ir_mm.apis.checkpoints import as_config
from sr4ir_mm.utils.errors import UserError

#: Settings that differ between any two runs, or that other settings repeat.
_NO_DIFFERENCE = {'work_dir', 'filename', 'timestamp', 'experiment_name', 'launcher', 'data_help'}
_NO_METRIC = ('time', 'data_time', 'memory', 'step', 'epoch', 'iter')


@dataclass(frozen=True)
class Run:
    """One finished training.

    Attributes:
        name: Name of its folder; made unique by the parents' names.
        work_dir: Its folder.
        cfg: Its config.
        checkpoint: Last checkpoint.
        losses: Iteration -> total loss.
        metrics: Metric -> epoch or iteration -> value.
        environment: Lines of its log about the machine and the libraries.
    """

    name: str
    work_dir: Path
    cfg: Config
    checkpoint: Path
    losses: Mapping[int, float] = field(default_factory=dict)
    metrics: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    environment: str = ''

    @property
    def commands(self) -> list[str]:
        """What repeats the training and its evaluation."""
        config = next(iter(sorted(self.work_dir.glob('*.py'))))
        seed = (self.cfg.get('randomness') or {}).get('seed')
        seeded = ['--seed', seed] if seed is not None else []
        python = ['python', '-m', 'sr4ir_mm']
        commands = [
            [*python, 'train', config, '--work-dir', self.work_dir, *seeded],
            [*python, 'test', config, self.checkpoint],
        ]
        return [shlex.join(map(str, command)) for command in commands]


def read_runs(work_dirs: list[Path]) -> list[Run]:
    """Read the runs; each gets a name of its own.

    Raises:
        UserError: A folder holds no finished run.
    """
    names = unique_names(work_dirs)
    return [read_run(path, name) for path, name in zip(work_dirs, names, strict=True)]


def unique_names(paths: Sequence[Path], least: int = 1) -> list[str]:
    """Names of folders or files, as many of their last parts as tell them apart.

    Args:
        paths: The folders or files.
        least: Number of parts where fewer would do.

    Raises:
        UserError: Two are the same.
    """
    parts = [path.resolve().parts for path in paths]
    for number, part in enumerate(parts):
        if part in parts[:number]:
            raise UserError(f'{paths[number]} is named twice; name each once.')
    for depth in range(least, max(map(len, parts), default=0) + 1):
        names = ['/'.join(part[-depth:]) for part in parts]
        if len(set(names)) == len(names):
            return names
    return ['/'.join(part) for part in parts]


def read_run(work_dir: Path, name: str) -> Run:
    """Read one run.

    Raises:
        UserError: The folder holds no config or no checkpoint.
    """
    configs = sorted(work_dir.glob('*.py'))
    pointer = work_dir / 'last_checkpoint'
    if not configs or not pointer.is_file():
        lacks = 'config' if not configs else 'last_checkpoint'
        raise UserError(f'{work_dir} has no {lacks}; give the work dir of a finished training.')
    # mmengine writes an absolute path, which is wrong once the folder has moved.
    checkpoint = work_dir / Path(pointer.read_text().strip()).name
    losses: dict[int, float] = {}
    metrics: dict[str, dict[int, float]] = {}
    for line in _scalars(work_dir):
        step = line.get('step')
        if 'loss' in line:
            losses[step] = line['loss']
        elif not any(key.endswith('lr') for key in line):
            for key, value in line.items():
                if key not in _NO_METRIC and isinstance(value, (int, float)) and value != -1:
                    metrics.setdefault(key, {})[step] = value
    cfg = as_config(configs[0])
    return Run(name, work_dir, cfg, checkpoint, losses, metrics, _environment(work_dir))


def _scalars(work_dir: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(work_dir.glob('*/vis_data/scalars.json')):
        yield from map(json.loads, path.read_text().splitlines())


def _environment(work_dir: Path) -> str:
    """The block that mmengine writes at the start of a log."""
    for path in sorted(work_dir.glob('*/*.log'), reverse=True):
        _, found, rest = path.read_text(errors='replace').partition('System environment:')
        if found:
            return rest.partition('-' * 60)[0].strip('\n')
    return ''


def config_differences(runs: list[Run]) -> dict[str, list[str]]:
    """Setting -> its value in each run, of those that are not the same in all."""
    flat = [dict(_flatten(run.cfg.to_dict())) for run in runs]
    keys = sorted(set().union(*flat))
    rows = {key: [settings.get(key, '–') for settings in flat] for key in keys}
    return {key: values for key, values in rows.items() if len(set(values)) > 1}


def _flatten(value: Any, prefix: str = '') -> Iterator[tuple[str, str]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        if not prefix and (key in _NO_DIFFERENCE or str(key).startswith(('val_', 'vis'))):
            continue
        name = f'{prefix}.{key}' if prefix else str(key)
        if key == '_scope_':
            continue
        if isinstance(item, (dict, list, tuple)) and item:
            yield from _flatten(item, name)
        else:
            yield name, repr(item)
