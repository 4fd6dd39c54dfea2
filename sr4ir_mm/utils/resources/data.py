"""Whether the data sets of a config are there and can be read."""

from __future__ import annotations

import json
import os.path as osp
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sr4ir_mm.utils.data_sets import check_complete, find_data_set
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.kinds import class_name
from sr4ir_mm.utils.resources.sentences import GUIDE, sentence

#: Annotation files up to this size are parsed, larger ones only opened: the check must stay fast.
PARSE_LIMIT_BYTES = 20 * 2**20

_VOC_DETECTION = re.compile(r'(?<!Pascal)(XML|VOC|VOCFormat)Dataset$')


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


def check_dataset(dataset: Mapping[str, Any], where: str, help_text: str | None) -> None:
    """Check that a data set's root, folders and annotation file are there, unless they lie on a server."""
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


def check_counts(cfg: Mapping[str, Any], loaders: Sequence[str]) -> None:
    """Count the files of the public data set that the config names, unless its data lie elsewhere."""
    name = cfg.get('data_set')
    if name is None:
        return
    usual = osp.normpath(find_data_set(name).root)
    roots = {
        osp.normpath(dataset.get('data_root') or '')
        for loader in loaders
        for _, dataset in iter_datasets(cfg.get(loader), loader)
    }
    if usual in roots:
        check_complete(name, usual, 'train_dataloader' in loaders)


def check_evaluator(evaluator: Any, where: str, help_text: str | None) -> None:
    """Check the annotation files that metrics such as ``CocoMetric`` read on their own."""
    if isinstance(evaluator, (list, tuple)):
        for index, metric in enumerate(evaluator):
            check_evaluator(metric, f'{where}.{index}', help_text)
    elif isinstance(evaluator, Mapping):
        check_evaluator(evaluator.get('metrics'), f'{where}.metrics', help_text)
        ann_file = evaluator.get('ann_file')
        if isinstance(ann_file, str) and ann_file and _is_local(evaluator):
            _require(ann_file, f'{where}.ann_file', help_text)
            _check_annotations(ann_file, f'{where}.ann_file')


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
    if _VOC_DETECTION.search(class_name(dataset)):
        sub_root = prefix.get('sub_data_root', '') if isinstance(prefix, Mapping) else ''
        yield 'img_subdir', osp.join(sub_root, dataset.get('img_subdir', 'JPEGImages'))
        yield 'ann_subdir', osp.join(sub_root, dataset.get('ann_subdir', 'Annotations'))


def _is_local(dataset: Mapping[str, Any]) -> bool:
    backend = (dataset.get('backend_args') or {}).get('backend', 'local')
    return backend in ('local', 'disk') and '://' not in (dataset.get('data_root') or '')


def _join(root: str, path: str) -> str:
    return path if osp.isabs(path) or not root else osp.join(root, path)


def _require(path: str, where: str, help_text: str | None) -> None:
    if '://' in path or osp.exists(path):
        return
    raise UserError(
        sentence(
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
