"""Pre-flight check: whether the data and the weights that a config names are there.

It runs before torch or an OpenMMLab library is imported, so that the one sentence about a missing
data set comes at once and not as a traceback after a minute of building.
"""

import difflib
import fnmatch
import json
import os
import os.path as osp
import re
import shutil
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlparse

from sr4ir_mm.utils.data_sets import check_complete, find_data_set
from sr4ir_mm.utils.errors import UserError

#: Where a config that brings no text of its own (``data_help``, ``weights_help``) sends its user.
GUIDE = 'see docs/prepare_data.md'

#: Annotation files up to this size are parsed, larger ones only opened: the check must stay fast.
PARSE_LIMIT_BYTES = 20 * 2**20

#: In ``model.init_from``: random values on purpose.
RANDOM = 'random'

#: A server that says nothing for this long is taken as unreachable.
DOWNLOAD_TIMEOUT_SECONDS = 20

_VOC_DETECTION = re.compile(r'(?<!Pascal)(XML|VOC|VOCFormat)Dataset$')

LOADERS = {'train': ('train_dataloader', 'val_dataloader'), 'test': ('test_dataloader',)}
EVALUATORS = {'train': ('val_evaluator',), 'test': ('test_evaluator',)}


def check_resources(cfg: Mapping[str, Any], mode: str = 'train') -> None:
    """Check that every data set and weight file that a run will need is there.

    Data sets of the data loaders in use (inside wrappers such as ``RepeatDataset`` and
    ``ConcatDataset`` too) must have their ``data_root``, ``ann_file`` and ``data_prefix``, and the
    annotation file must be readable and not empty. Of the weights, local files must exist; a URL
    (or ``torchvision://``, ``open-mmlab://``, ``mmcls://``) must be in torch's cache, or it is
    downloaded there now, so that training finds it. Data stored on a server, by a file backend
    other than the local one, is not looked at.

    A config of a public data set names it in ``data_set``; where its data lie at the usual place, files are counted. A
    config can say how its files are got: ``data_help`` (str) for all its data sets, ``weights_help`` and
    ``task_weights_help`` (dict of a part of the path or URL, or a pattern with ``*``, to a text).

    Args:
        cfg: The whole config.
        mode: 'train' looks at the training and validation data and at initial weights;
            'test' at the test data and the checkpoint in ``load_from``, or without one at
            ``model.init_from``.

    Raises:
        UserError: Something is missing; names the first such absolute path or URL, the key of the
            config that asks for it, and how to get it.
        ValueError: ``mode`` is neither of the two.
    """
    if mode not in LOADERS:
        raise ValueError(f"mode={mode!r} is unknown; expected 'train' or 'test'.")
    for name in LOADERS[mode]:
        for where, dataset in iter_datasets(cfg.get(name), name):
            _check_dataset(dataset, where, cfg.get('data_help'))
    _check_counts(cfg, mode)
    for name in EVALUATORS[mode]:
        _check_evaluator(cfg.get(name), name, cfg.get('data_help'))
    weights = list(iter_weights(cfg, mode))
    # All the files first: no long download before a message that could have come at once.
    resolved = [(where, location, resolve_location(location, where)) for where, location in weights]
    for where, location, target in resolved:
        _check_local_weights(where, target, _weights_help(cfg, location))
    for where, location, target in resolved:
        if target is not None and _is_url(target):
            _check_url(where, target, _weights_help(cfg, location))


# ------------------------------------------------------------------------------------------- data


def iter_datasets(loader: Any, where: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each data set of a data loader, wrappers opened, with its key in the config.

    Args:
        loader: Config of one data loader, a list of them, or None.
        where: Key of the loader in the config.

    Yields:
        Key such as ``'train_dataloader.dataset.datasets.0'`` and the config of that data set.
    """
    if isinstance(loader, (list, tuple)):
        for index, item in enumerate(loader):
            yield from iter_datasets(item, f'{where}.{index}')
        return
    if not isinstance(loader, Mapping):
        return
    inner = {key: loader[key] for key in ('dataset', 'datasets') if loader.get(key)}
    if not inner:
        yield where, loader
    for key, value in inner.items():
        yield from iter_datasets(value, f'{where}.{key}')


def _check_dataset(dataset: Mapping[str, Any], where: str, help_text: str | None) -> None:
    if not _is_local(dataset):
        return
    root = dataset.get('data_root') or ''
    if root:
        _require(root, f'{where}.data_root', help_text)
    for key, prefix in _prefixes(dataset):
        _require(_join(root, prefix), f'{where}.{key}', help_text)
    if dataset.get('ann_file'):
        ann_file = _join(root, dataset['ann_file'])
        _require(ann_file, f'{where}.ann_file', help_text)
        _check_annotations(ann_file, f'{where}.ann_file')


def _check_counts(cfg: Mapping[str, Any], mode: str) -> None:
    """Count the files of the public data set that the config names, unless its data lie elsewhere."""
    name = cfg.get('data_set')
    if name is None:
        return
    usual = osp.normpath(find_data_set(name).root)
    roots = {
        osp.normpath(dataset.get('data_root') or '')
        for loader in LOADERS[mode]
        for _, dataset in iter_datasets(cfg.get(loader), loader)
    }
    if usual in roots:
        check_complete(name, usual, mode == 'train')


def _prefixes(dataset: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the folders under the data root that a data set reads, each with its key."""
    prefix = dataset.get('data_prefix')
    if isinstance(prefix, str) and prefix:
        yield 'data_prefix', prefix
    if isinstance(prefix, Mapping):
        for key, value in prefix.items():
            if isinstance(value, str) and value:
                yield f'data_prefix.{key}', value
    # Detection sets in VOC format name two folders by arguments of their own, these by default.
    if _VOC_DETECTION.search(_type_name(dataset)):
        sub_root = prefix.get('sub_data_root', '') if isinstance(prefix, Mapping) else ''
        yield 'img_subdir', osp.join(sub_root, dataset.get('img_subdir', 'JPEGImages'))
        yield 'ann_subdir', osp.join(sub_root, dataset.get('ann_subdir', 'Annotations'))


def _type_name(cfg: Mapping[str, Any]) -> str:
    kind = cfg.get('type', '')
    return kind if isinstance(kind, str) else getattr(kind, '__name__', '')


def _is_local(dataset: Mapping[str, Any]) -> bool:
    backend = (dataset.get('backend_args') or {}).get('backend', 'local')
    return backend in ('local', 'disk') and '://' not in (dataset.get('data_root') or '')


def _join(root: str, path: str) -> str:
    return path if osp.isabs(path) or not root else osp.join(root, path)


def _require(path: str, where: str, help_text: str | None) -> None:
    if '://' in path or osp.exists(path):
        return
    raise UserError(
        _sentence(
            f'{osp.abspath(path)} does not exist, {where} asks for it',
            help_text or f'{GUIDE}, or name another place with --cfg-options {where}=PATH',
        )
    )


def _check_annotations(path: str, where: str) -> None:
    """Check that an annotation file can be read and holds something."""
    if osp.isdir(path):
        return
    size = osp.getsize(path)
    try:
        with open(path, 'rb') as file:
            content = file.read(PARSE_LIMIT_BYTES if path.endswith('.json') else 4096)
    except OSError as error:
        raise UserError(
            f'{osp.abspath(path)} cannot be read ({error.strerror}), {where} asks for it; '
            'check its permissions.'
        ) from error
    if not content.strip():
        raise UserError(
            f'the annotation file {osp.abspath(path)} is empty, {where} asks for it; '
            'it must list at least one image, so write it again.'
        )
    if path.endswith('.json') and size <= PARSE_LIMIT_BYTES:
        _check_json(content, path, where)


def _check_json(content: bytes, path: str, where: str) -> None:
    try:
        annotations = json.loads(content)
    except ValueError as error:
        raise UserError(
            f'the annotation file {osp.abspath(path)} is no valid JSON ({error}), {where} asks '
            'for it; it may be cut off, so write or download it again.'
        ) from error
    images = annotations.get('images', True) if isinstance(annotations, dict) else annotations
    if not images:
        raise UserError(
            f'the annotation file {osp.abspath(path)} lists no image, {where} asks for it; '
            'it must list at least one.'
        )


def _check_evaluator(evaluator: Any, where: str, help_text: str | None) -> None:
    """Check the annotation files that metrics such as ``CocoMetric`` read on their own."""
    if isinstance(evaluator, (list, tuple)):
        for index, metric in enumerate(evaluator):
            _check_evaluator(metric, f'{where}.{index}', help_text)
    elif isinstance(evaluator, Mapping):
        _check_evaluator(evaluator.get('metrics'), f'{where}.metrics', help_text)
        ann_file = evaluator.get('ann_file')
        if isinstance(ann_file, str) and ann_file and _is_local(evaluator):
            _require(ann_file, f'{where}.ann_file', help_text)
            _check_annotations(ann_file, f'{where}.ann_file')


# ---------------------------------------------------------------------------------------- weights


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
        if _type_name(value).split('.')[-1] in ('Pretrained', 'PretrainedInit'):
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
    if _is_url(location):
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
    if _is_url(target):
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


def _is_url(location: str) -> bool:
    return location.startswith(('http://', 'https://'))


def _check_local_weights(where: str, target: str | None, help_text: str | None) -> None:
    if target is None or _is_url(target):
        return
    if osp.isfile(target):
        _check_whole(where, target)
        return
    raise UserError(
        _sentence(
            f'the weights {osp.abspath(target)} do not exist, {where} asks for them',
            help_text
            or f'{GUIDE}, or name others with --cfg-options {where}=PATH{_without(where)}',
        )
    )


def _check_url(where: str, url: str, help_text: str | None) -> None:
    target = cached_file(url)
    if osp.isfile(target):
        _check_whole(where, target)
        return
    try:
        download(url, target)
    except OSError as error:
        reason = getattr(error, 'reason', None) or error
        raise UserError(
            _sentence(
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


def cached_file(url: str) -> str:
    """Return the path where torch, and mmengine with it, caches the file of a URL."""
    from torch import hub  # costs seconds; only configs with a URL pay

    return osp.join(hub.get_dir(), 'checkpoints', osp.basename(urlparse(url).path))


def download(url: str, target: str) -> None:
    """Download a file whole or not at all: a broken transfer leaves nothing behind.

    Own code, since ``torch.hub.download_url_to_file`` keeps what came where a server stops early, and waits without
    limit for one that says nothing.

    Args:
        url: http or https address.
        target: Path of the file to be; its folder is made.

    Raises:
        OSError: The server cannot be reached, refuses, or stops early; the folder cannot be
            written (urllib's errors are OSErrors).
    """
    os.makedirs(osp.dirname(target), exist_ok=True)
    print(f'downloading {url} to {target}', file=sys.stderr, flush=True)
    request = urllib.request.Request(url, headers={'User-Agent': 'sr4ir_mm'})
    with (
        urllib.request.urlopen(request, timeout=DOWNLOAD_TIMEOUT_SECONDS) as response,
        tempfile.NamedTemporaryFile(dir=osp.dirname(target), delete=False) as part,
    ):
        try:
            shutil.copyfileobj(response, part, 2**20)
            part.flush()
            expected = response.headers.get('Content-Length')
            if expected is not None and int(expected) != os.fstat(part.fileno()).st_size:
                raise OSError(f'the server stopped before all of its {expected} bytes came')
            os.chmod(part.name, 0o644)
            os.replace(part.name, target)
        except BaseException:
            os.unlink(part.name)
            raise


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


def _sentence(fact: str, advice: str) -> str:
    """Join what is wrong and what to do into one sentence that ends in a full stop."""
    return f'{fact}; {advice.strip().rstrip(".")}.'
