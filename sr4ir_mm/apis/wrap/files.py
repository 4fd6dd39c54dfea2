"""Files of wrapped configs: what may be replaced, and nothing that does not load."""

from __future__ import annotations

import os
import os.path as osp

from mmengine.config import Config

from sr4ir_mm.utils.errors import UserError

#: Ends the first line of every config that is written here, so that it may be written anew.
SIGNATURE = '; written by tools/wrap_config.py.'


def check_target(source: str, out: str, force: bool = False) -> None:
    """Check that writing a wrapped config destroys nothing of the user's.

    Args:
        source: What is wrapped.
        out: The file to be.
        force: Whether any other file may be replaced.

    Raises:
        UserError: ``out`` is the source itself, a folder, or a file that was not written here.
    """
    if not osp.exists(out):
        return
    if osp.isdir(out):
        raise UserError(f'-o {out} is a folder; name a file in it.')
    if osp.isfile(source) and osp.samefile(source, out):
        raise UserError(
            f'-o {out} is the config that is wrapped and would be lost, for the new one inherits from it; name '
            'another file.'
        )
    if not force and not _is_ours(out):
        raise UserError(
            f'-o {out} exists and was not written by tools/wrap_config.py; name another file, or replace it with '
            '--force.'
        )


def _is_ours(path: str) -> bool:
    with open(path, encoding='utf-8', errors='replace') as file:
        return file.readline().rstrip().endswith(SIGNATURE)


def write_config(text: str, out: str) -> Config:
    """Write a config, but only if it loads: a file that is there stays as it is until then.

    Args:
        text: From :func:`wrap_config`.
        out: The file to be, in a folder that exists.

    Returns:
        The config.

    Raises:
        UserError: It does not load, or what it inherits from inherits from the file that it would replace.
    """
    # In the same folder, for a base is named relative to it.
    trial = f'{out.removesuffix(".py")}_{os.getpid()}_trial.py'
    try:
        with open(trial, 'w', encoding='utf-8') as file:
            file.write(text)
        cfg = _load(trial, out)
        if osp.abspath(out) in cfg.text.splitlines():
            raise UserError(
                f'-o {out} is one of the configs that the new one inherits from and would be lost; name another file.'
            )
        os.replace(trial, out)
    finally:
        if osp.exists(trial):
            os.unlink(trial)
    return cfg


def _load(trial: str, out: str) -> Config:
    try:
        return Config.fromfile(trial)
    except Exception as error:
        reason = ' '.join(str(error).replace(trial, out).split()).rstrip('.')
        raise UserError(
            f'{out} would not load ({type(error).__name__}: {reason}) and was not written; check that the config to '
            'wrap loads by itself.'
        ) from error
