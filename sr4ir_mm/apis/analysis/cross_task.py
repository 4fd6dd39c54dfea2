"""The SR network of one training in front of the task network of another (S2 and S4 of the supplement)."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.runner import Runner

from sr4ir_mm.apis.checkpoints import config_text, find_model
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.resources import check_resources

_METRIC_FORM = '{:.4g}'


def combine(sr: str, task: str) -> dict[str, Any]:
    """A checkpoint with its config, of the SR network of one model and everything else of another.

    Args:
        sr: Name of a shipped model or checkpoint that has an SR network.
        task: Name of a shipped model or checkpoint; its own SR network, if it has one, is left out.

    Returns:
        What :class:`SR4IRInferencer` and ``tools/test.py`` load.

    Raises:
        UserError: There is no SR network to take, or no such model.
    """
    sr_cfg, sr_checkpoint, _ = _load(sr)
    task_cfg, task_checkpoint, _ = _load(task)
    if sr_cfg.model.get('sr_net') is None:
        raise UserError(
            f'{sr} has no SR network; name a model of a method that has one, such as sr4ir.'
        )
    cfg = Config(task_cfg.to_dict())
    cfg.model.sr_net = sr_cfg.model.sr_net
    cfg.model.scale = sr_cfg.model.scale
    cfg.model.test_cfg = {**(cfg.model.get('test_cfg') or {}), 'image': 'sr', 'predict_task': True}
    # Degradations name their scale in none of the configs; one that does belongs to the SR network.
    cfg.model.degradation = sr_cfg.model.get('degradation')
    # The config names every network of the task model, a discriminator or an extractor too.
    weights = {
        **_weights(task_checkpoint, of_sr=False),
        **_weights(sr_checkpoint, of_sr=True),
    }
    meta = dict(task_checkpoint.get('meta') or {}, cfg=config_text(cfg))
    return dict(state_dict=weights, meta=meta)


def write_combined(sr: str, task: str, out: Path) -> Path:
    """Write what :func:`combine` makes."""
    out.parent.mkdir(parents=True, exist_ok=True)
    torch.save(combine(sr, task), out)
    return out


def evaluate(checkpoint: Path, options: Mapping[str, Any] | None = None) -> dict[str, float]:
    """Metrics of a checkpoint that holds its config, on the test data of that config.

    Args:
        checkpoint: The file.
        options: Settings of the config to change, such as ``test_dataloader.dataset.data_root``.

    Raises:
        UserError: The test data are missing.
    """
    cfg, _, _ = find_model(None, checkpoint)
    cfg.merge_from_dict(dict(options or {}))
    # With a checkpoint, what the training started from need not be there.
    check_resources({**cfg.to_dict(), 'load_from': str(checkpoint)}, 'test')
    with tempfile.TemporaryDirectory() as folder:
        cfg.merge_from_dict(
            dict(
                work_dir=folder,
                load_from=str(checkpoint),
                resume=False,
                experiment_name=f'cross_task_{checkpoint.stem}_{id(checkpoint)}',
            )
        )
        metrics = Runner.from_cfg(cfg).test()
    return {name: float(value) for name, value in metrics.items()}


def table(results: Mapping[tuple[str, str], Mapping[str, float]], metric: str | None = None) -> str:
    """Markdown: a row an SR network, a column a task network.

    Args:
        results: (SR network, task network) -> metrics.
        metric: The one to show; by default the first of each.
    """
    rows = list(dict.fromkeys(sr for sr, _ in results))
    columns = list(dict.fromkeys(task for _, task in results))
    lines = [f'| SR network | {" | ".join(columns)} |', '|---|' + '---|' * len(columns)]
    for sr in rows:
        cells = (_cell(results.get((sr, task)), metric) for task in columns)
        lines.append(f'| {sr} | {" | ".join(cells)} |')
    return '\n'.join(lines)


def _cell(metrics: Mapping[str, float] | None, metric: str | None) -> str:
    if not metrics:
        return ''
    name = metric or next(iter(metrics))
    if name not in metrics:
        raise UserError(f'there is no metric {name!r}; choose among {", ".join(metrics)}.')
    return f'{name} {_METRIC_FORM.format(metrics[name])}'


def _load(name: str) -> tuple[Config, dict, str]:
    cfg, checkpoint, found = (
        find_model(None, name) if Path(name).is_file() else find_model(name, None)
    )
    if checkpoint is None:
        raise UserError(f'there are no weights for {name}; give the checkpoint of a training.')
    return cfg, checkpoint, found


def _weights(checkpoint: Mapping, of_sr: bool) -> dict[str, torch.Tensor]:
    """Those of the SR network, or all others."""
    state = checkpoint['state_dict']
    return {key: value for key, value in state.items() if key.startswith('sr_net.') == of_sr}
