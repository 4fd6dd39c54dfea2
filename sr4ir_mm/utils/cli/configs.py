"""Config files and ``--cfg-options``."""

from __future__ import annotations

import difflib
import os
import os.path as osp
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sr4ir_mm.utils.errors import UserError

if TYPE_CHECKING:
    from mmengine.config import Config


def load_config(path: str, options: Mapping[str, Any] | None = None) -> Config:
    """Read a config file and merge ``--cfg-options`` into it.

    An option whose key the config lacks but nearly has is merged as OpenMMLab does, with a warning
    on stderr: it is most often a slip.

    Args:
        path: Config file.
        options: Keys with dots, as :class:`mmengine.config.DictAction` gives them.

    Raises:
        UserError: The file is missing or cannot be read, or an option does not fit.
    """
    from mmengine.config import Config

    if not osp.isfile(path):
        raise UserError(f'the config {osp.abspath(path)} does not exist; {_near_file(path)}')
    try:
        cfg = Config.fromfile(path)
    except Exception as error:
        raise UserError(
            f'the config {path} cannot be read ({type(error).__name__}: '
            f'{_first_sentence(error)}); correct it, SR4IR_DEBUG=1 shows the whole error.'
        ) from error
    if options:
        warn_about_new_keys(cfg, options)
        try:
            cfg.merge_from_dict(dict(options))
        except Exception as error:
            raise UserError(
                f'--cfg-options {" ".join(f"{key}={value}" for key, value in options.items())} '
                f'does not fit {path} ({type(error).__name__}: {_first_sentence(error)}); compare '
                'the keys with those of the config.'
            ) from error
    return cfg


def _near_file(path: str) -> str:
    folder = osp.dirname(path) or '.'
    names = sorted(os.listdir(folder)) if osp.isdir(folder) else []
    near = difflib.get_close_matches(osp.basename(path), names, n=1)
    if near:
        return f'did you mean {osp.join(folder, near[0])}?'
    return 'configs are in configs/<method>/, and paths are taken from the current folder.'


def _first_sentence(error: Exception) -> str:
    text = str(error.args[0]) if len(error.args) == 1 else str(error)
    return ' '.join(text.split()).rstrip('.')


def warn_about_new_keys(cfg: Mapping[str, Any], options: Mapping[str, Any]) -> None:
    """Warn on stderr about each option that misses an existing key of the config by a little."""
    for option in options:
        level: Any = cfg
        for key in option.split('.'):
            if not hasattr(level, 'keys'):
                break  # an item of a list: mmengine says itself what is wrong with its number
            if key not in level:
                near = difflib.get_close_matches(key, map(str, level), n=1, cutoff=0.8)
                if near:
                    print(
                        f'warning: --cfg-options {option} adds a new key {key!r}; '
                        f'did you mean {near[0]!r}?',
                        file=sys.stderr,
                    )
                break
            level = level[key]
