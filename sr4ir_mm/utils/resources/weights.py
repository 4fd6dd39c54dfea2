"""Whether the weights of a config are there and whole."""

from __future__ import annotations

import difflib
import fnmatch
import os.path as osp
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.kinds import class_name
from sr4ir_mm.utils.resources import downloads
from sr4ir_mm.utils.resources.sentences import GUIDE, sentence

#: In ``model.init_from``: random values on purpose.
RANDOM = 'random'


def check_weights(cfg: Mapping[str, Any], mode: str) -> None:
    """Check that the weights which a run loads are there and whole; those of a URL are downloaded if they are not."""
    weights = list(iter_weights(cfg, mode))
    # All the files first: no long download before a message that could have come at once.
    resolved = [(where, location, resolve_location(location, where)) for where, location in weights]
    for where, location, target in resolved:
        _check_local_weights(where, target, _weights_help(cfg, location))
    for where, location, target in resolved:
        if target is not None and downloads.is_url(target):
            _check_url(where, target, _weights_help(cfg, location))


def iter_weights(cfg: Mapping[str, Any], mode: str) -> Iterator[tuple[str, str]]:
    """Yield each weight file that a run loads, with its key in the config.

    Args:
        cfg: The whole config.
        mode: 'train' or 'test'; a test loads initial weights only where it has no checkpoint.

    Yields:
        Key such as ``'model.init_from.sr_net'`` and the path or URL, as written.
    """
    if isinstance(cfg.get('load_from'), str):
        yield 'load_from', cfg['load_from']
    model = cfg.get('model')
    if not isinstance(model, Mapping) or (mode == 'test' and cfg.get('load_from')):
        return
    init_from = model.get('init_from') or {}
    for child, source in init_from.items():
        where = f'model.init_from.{child}'
        if isinstance(source, Mapping):
            where, source = f'{where}.checkpoint', source.get('checkpoint')
        if isinstance(source, str) and source != RANDOM:
            yield where, source
    if mode == 'test':
        return
    for key, value in model.items():
        if key != 'init_from':
            yield from _iter_pretrained(value, f'model.{key}')


def _iter_pretrained(value: Any, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from _iter_pretrained(item, f'{where}.{index}')
    elif isinstance(value, Mapping):
        if class_name(value) in ('Pretrained', 'PretrainedInit'):
            if isinstance(value.get('checkpoint'), str):
                yield f'{where}.checkpoint', value['checkpoint']
            return
        for key, item in value.items():
            if key == 'pretrained' and isinstance(item, str) and _looks_like_weights(item):
                yield f'{where}.{key}', item
            else:
                yield from _iter_pretrained(item, f'{where}.{key}')


def _looks_like_weights(text: str) -> bool:
    return '://' in text or text.endswith(('.pth', '.pt', '.pkl', '.safetensors'))


def resolve_location(location: str, where: str) -> str | None:
    """Turn what a config says about weights into a local path or an http URL.

    Args:
        location: A path, a URL, or a name with one of mmengine's prefixes ``torchvision://``,
            ``modelzoo://``, ``open-mmlab://``, ``openmmlab://``, ``mmcls://``.
        where: Key of the config, for the error.

    Returns:
        Path or URL; None for storage that cannot be looked at from here (``s3://`` and the like).

    Raises:
        UserError: The name is not in the prefix's table.
    """
    if '://' not in location:
        return osp.expanduser(location)
    if downloads.is_url(location):
        return location
    prefix, name = location.split('://', 1)
    table = _load_table(prefix)
    if table is None:
        return None
    if name not in table:
        near = difflib.get_close_matches(name, table, n=3)
        hint = f'did you mean {" or ".join(near)}?' if near else 'check the spelling.'
        raise UserError(f'{prefix}:// has no model {name!r}, {where} asks for it; {hint}')
    target = table[name]
    if downloads.is_url(target):
        return target
    from mmengine.runner.checkpoint import _get_mmengine_home

    return osp.join(_get_mmengine_home(), target)


def _load_table(prefix: str) -> Mapping[str, str] | None:
    """Load mmengine's table of names for a prefix; None for a prefix that has none."""
    if prefix not in ('torchvision', 'modelzoo', 'open-mmlab', 'openmmlab', 'mmcls'):
        return None
    # Costs seconds: it imports torch. Only configs that use such a prefix pay.
    from mmengine.runner import checkpoint

    if prefix in ('torchvision', 'modelzoo'):
        return checkpoint.get_torchvision_models()
    if prefix == 'mmcls':
        return checkpoint.get_mmcls_models()
    table = dict(checkpoint.get_external_models())
    for old, new in checkpoint.get_deprecated_model_names().items():
        table.setdefault(old, table.get(new, ''))
    return table


def _check_local_weights(where: str, target: str | None, help_text: str | None) -> None:
    if target is None or downloads.is_url(target):
        return
    if osp.isfile(target):
        _check_whole(where, target)
        return
    raise UserError(
        sentence(
            f'the weights {osp.abspath(target)} do not exist, {where} asks for them',
            help_text
            or f'{GUIDE}, or name others with --cfg-options {where}=PATH{_without(where)}',
        )
    )


def _check_url(where: str, url: str, help_text: str | None) -> None:
    target = downloads.cached_file(url)
    if osp.isfile(target):
        _check_whole(where, target)
        return
    try:
        downloads.download(url, target)
    except OSError as error:
        reason = getattr(error, 'reason', None) or error
        raise UserError(
            sentence(
                f'{url} cannot be downloaded ({reason}) and is not at {target}, '
                f'{where} asks for it',
                help_text
                or f'download it elsewhere and put it there, see also {GUIDE[4:]}{_without(where)}',
            )
        ) from error


def _check_whole(where: str, path: str) -> None:
    """Check that a weight file is not cut off, as a full disk or a stopped copy leaves it.

    torch writes zip archives, whose directory is at the end; other formats are not looked into.
    """
    with open(path, 'rb') as file:
        start = file.read(4)
    if not start or (start == b'PK\x03\x04' and not zipfile.is_zipfile(path)):
        raise UserError(
            f'the weights {osp.abspath(path)} are cut off, {where} asks for them; copy or '
            'download the file again, or take an earlier checkpoint.'
        )


def _without(where: str) -> str:
    """Say how to start without the weights at a key, where a config can leave them out."""
    if where.startswith('model.init_from.'):
        return ', or start without them: model.init_from=None'
    if where.endswith('.init_cfg.checkpoint'):
        return f', or start without them: --cfg-options {where.removesuffix(".checkpoint")}=None'
    return ''


def _weights_help(cfg: Mapping[str, Any], location: str) -> str | None:
    for key in ('weights_help', 'task_weights_help'):
        for pattern, text in (cfg.get(key) or {}).items():
            if pattern in location or fnmatch.fnmatch(location, pattern):
                return text
    return None
