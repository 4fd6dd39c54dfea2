"""Checkpoints as users hand them over: weights, class names, and the config that they belong to."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from mmengine.config import Config
from mmengine.runner import CheckpointLoader
from mmengine.utils import import_modules_from_strings
from torch import nn

from sr4ir_mm.utils.errors import UserError

#: What the package carries beside its modules, in OpenMMLab's layout: configs, tools, demo.
CARRIED = Path(__file__).resolve().parents[1] / '.mim'
_HASH = re.compile(r'-[0-9a-f]{8}$')
_SHOWN_KEYS = 3
_SUFFIXES = ('.pth', '.pt', '.ckpt')
#: Settings of one run on one machine, which the next user of the weights has no use for.
_OF_THE_RUN = ('work_dir', 'load_from', 'resume', 'launcher', 'filename', 'experiment_name')


def shipped_models() -> dict[str, Path]:
    """Name -> weights of the models that come with the package."""
    paths = sorted((CARRIED / 'demo' / 'weights').glob('*.pth'))
    return {_HASH.sub('', path.stem): path for path in paths}


def find_model(
    model: str | Path | Config | Mapping | None, weights: str | Path | None
) -> tuple[Config, dict | None, str]:
    """Find the config and the checkpoint that a user means.

    Args:
        model: Config, its file, 'library::path', its name below ``configs/``, or the name of a shipped model, whose
            config other weights must fit; None takes the config that the checkpoint holds, and so does a checkpoint in
            this place.
        weights: Checkpoint, path or URL; None for the weights of a shipped model, or none.

    Returns:
        Config, checkpoint (None without weights), and what to call them in messages.

    Raises:
        UserError: There is no such config or checkpoint.
    """
    if isinstance(model, (str, Path)) and str(model) in shipped_models():
        shipped = str(shipped_models()[str(model)])
        if weights is None:
            weights, model = shipped, None
        else:
            model = config_in(read_checkpoint(shipped), shipped)
    elif weights is None and isinstance(model, (str, Path)) and Path(model).suffix in _SUFFIXES:
        weights, model = model, None
    checkpoint = None if weights is None else read_checkpoint(str(weights))
    if model is not None:
        return as_config(model), checkpoint, str(weights)
    if checkpoint is None:
        raise UserError(
            'neither a model nor weights are given; name a config, a checkpoint that holds its config, or one of '
            f'{sorted(shipped_models())}.'
        )
    return config_in(checkpoint, str(weights)), checkpoint, str(weights)


def as_config(model: str | Path | Config | Mapping) -> Config:
    """A config from what names one; the caller may change it.

    Raises:
        UserError: There is no such config, or it cannot be read.
    """
    if isinstance(model, Mapping) or not isinstance(model, (str, Path)):
        return Config(dict(model)) if isinstance(model, Mapping) else Config(model.to_dict())
    path = find_config(str(model))
    try:
        if '::' in path:
            return Config.fromstring(f'_base_ = [{path!r}]\n', '.py')
        return Config.fromfile(path)
    except Exception as error:
        reason = ' '.join(str(error).split()).rstrip('.')
        raise UserError(
            f'the config {path} cannot be read ({type(error).__name__}: {reason}); correct it.'
        ) from error


def find_config(name: str) -> str:
    """File of a config that is named by its path, with or without suffix, here or below ``configs/`` of the package.

    Raises:
        UserError: There is none; near names are told.
    """
    if '::' in name:
        return name
    folder = CARRIED / 'configs'
    for path in (Path(name), folder / name, folder / f'{name}.py'):
        if path.is_file():
            return str(path)
    known = [str(path.relative_to(folder))[:-3] for path in folder.glob('*/*.py')]
    known += list(shipped_models())
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    raise UserError(
        f'{name!r} is no config file and no model of sr4ir_mm; '
        f'{"did you mean " + " or ".join(near) if near else "shipped models are " + ", ".join(shipped_models())}?'
    )


def read_checkpoint(path: str) -> dict:
    """Read a checkpoint onto the CPU.

    Raises:
        UserError: It is missing, cannot be read, or holds no weights.
    """
    if '://' not in path and not Path(path).is_file():
        raise UserError(
            f'the weights {Path(path).resolve()} do not exist; give the checkpoint of a training.'
        )
    try:
        checkpoint = CheckpointLoader.load_checkpoint(path, map_location='cpu', logger='silent')
    except UserError:
        raise
    except (OSError, EOFError, RuntimeError, ValueError, UnpicklingError) as error:
        reason = ' '.join(str(error).split())[:200]
        raise UserError(
            f'{path} is no checkpoint that torch can read ({reason}); give the file that a training wrote.'
        ) from error
    if not isinstance(checkpoint, dict):
        raise UserError(
            f'{path} holds {type(checkpoint).__name__}; expected the checkpoint of a training.'
        )
    return checkpoint if 'state_dict' in checkpoint else {'state_dict': checkpoint}


def config_in(checkpoint: Mapping, name: str) -> Config:
    """The config that a checkpoint holds, as trainings and ``publish_model.py`` store it.

    Raises:
        UserError: There is none, or a module that its ``custom_imports`` name is not here.
    """
    text = (checkpoint.get('meta') or {}).get('cfg')
    if not isinstance(text, str):
        raise UserError(
            f'{name} holds no config; give the one it was trained with, or write it in with '
            'tools/model_converters/publish_model.py --config.'
        )
    try:
        cfg = Config(literals(text))
    except (SyntaxError, ValueError) as error:
        raise UserError(
            f'the config inside {name} is more than values ({error}); give the config file instead.'
        ) from error
    try:
        import_modules_from_strings(**(cfg.get('custom_imports') or {'imports': None}))
    except ImportError as error:
        raise UserError(
            f'{name} needs a module of the project it was trained in ({error}); run from its folder or install it.'
        ) from error
    return cfg


def literals(text: str) -> dict[str, Any]:
    """Variables of a config text of plain values; nothing of it is executed, for the file may come from anywhere.

    Raises:
        SyntaxError: It is no Python.
        ValueError: It has something else than assignments of values.
    """
    values = {}
    for statement in ast.parse(text).body:
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            raise ValueError(f'line {statement.lineno} is no assignment')
        values[statement.targets[0].id] = _literal(statement.value)
    return values


def _literal(node: ast.expr) -> Any:
    if isinstance(node, ast.Dict):
        keys, values = map(_literal, node.keys), map(_literal, node.values)
        return dict(zip(keys, values, strict=True))
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        kind = {ast.List: list, ast.Tuple: tuple, ast.Set: set}[type(node)]
        return kind(_literal(item) for item in node.elts)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == 'dict':
        named = {keyword.arg: _literal(keyword.value) for keyword in node.keywords}
        return {**(_literal(node.args[0]) if node.args else {}), **named}
    return ast.literal_eval(node)


def config_text(cfg: Config) -> str:
    """A config as values alone, as a published checkpoint holds it: without what belongs to one run."""
    kept = {key: value for key, value in cfg.to_dict().items() if key not in _OF_THE_RUN}
    if isinstance(kept.get('model'), dict):
        kept['model'].pop('init_from', None)
    return ''.join(f'{key} = {value!r}\n' for key, value in kept.items())


def load_weights(model: nn.Module, checkpoint: Mapping, name: str) -> None:
    """Load a checkpoint into the model that it belongs to.

    Raises:
        UserError: It belongs to another; the sentence names the first keys that differ.
    """
    state = {
        re.sub(r'^module\.', '', key): value for key, value in checkpoint['state_dict'].items()
    }
    own = model.state_dict()
    missing = [key for key in own if key not in state]
    unknown = [key for key in state if key not in own]
    shapes = [
        f'{key} ({_shape(state[key])} instead of {_shape(own[key])})'
        for key in own
        if key in state and _shape(own[key]) != _shape(state[key])
    ]
    faults = {'lacks': missing, 'has besides': unknown, 'has in another shape': shapes}
    told = [f'{what} {_first(keys)}' for what, keys in faults.items() if keys]
    if told:
        raise UserError(
            f'{name} does not fit the config: it {"; it ".join(told)}; give the config it was trained with.'
        )
    model.load_state_dict(state)


def _shape(value: Any) -> tuple[int, ...]:
    return tuple(getattr(value, 'shape', ()))


def _first(keys: list[str]) -> str:
    more = len(keys) - _SHOWN_KEYS
    return ', '.join(keys[:_SHOWN_KEYS]) + (f' and {more} more' if more > 0 else '')
