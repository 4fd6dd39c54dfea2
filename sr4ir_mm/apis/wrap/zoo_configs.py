"""Configs of the model zoos, and which library they belong to."""

from __future__ import annotations

import os.path as osp
import re
from collections.abc import Mapping

from mmengine.config import Config
from mmengine.utils import get_installed_path

from sr4ir_mm.models.adapters.build import ADAPTERS
from sr4ir_mm.utils.errors import UserError

_LIBRARIES = tuple(ADAPTERS)


def usable_source(source: str) -> str:
    """A config's address if mmengine can use it, else its file: it takes no '+' or '.' in a name of a folder."""
    library, _, path = source.partition('::')
    folder = osp.dirname(path)
    if not path or re.fullmatch(r'[\w/]*', folder) or library not in _LIBRARIES:
        return source
    return osp.join(get_installed_path(library), '.mim', 'configs', path)


def load_zoo_config(source: str) -> Config:
    """Read a config by ``library::path`` or by file name.

    Raises:
        UserError: It does not exist, its library is not installed, or it is not a text config.
    """
    source = usable_source(source)
    if '::' not in source and not osp.isfile(source):
        raise UserError(
            f"the config {osp.abspath(source)} does not exist; give a file, or a zoo config as 'mmdet::retinanet/"
            "retinanet_r50_fpn_1x_coco.py'."
        )
    base = source if '::' in source else osp.abspath(source)
    try:
        cfg = Config.fromstring(f'_base_ = [{base!r}]\n', '.py')
    except Exception as error:
        if 'lazy_import' in str(error) and _loads_alone(base):
            raise UserError(
                f'the config {source} is written in pure Python (read_base, or classes instead of their names), from '
                f'which a text config cannot inherit; write it as text, python -c "from mmengine import Config; '
                f"Config.fromfile('{source}').dump('text.py')\", and wrap text.py."
            ) from error
        raise UserError(
            f'the config {source} cannot be read ({type(error).__name__}: {" ".join(str(error).split())}); check its '
            'name below .mim/configs of the library and that mmengine can load it.'
        ) from error
    if not isinstance(cfg.get('model'), Mapping):
        raise UserError(
            f'the config {source} has no model; wrap a complete config, not one of its bases.'
        )
    return cfg


def _loads_alone(path: str) -> bool:
    try:
        Config.fromfile(path)
    except Exception:
        return False
    return True


def library_of(cfg: Mapping, source: str) -> str:
    """The task library of a config: that of its model's own scope, of its default scope, else of its address.

    Raises:
        UserError: None of mmdet, mmseg and mmpretrain.
    """
    address = source.partition('::')[0]
    model = dict(cfg['model'])
    if '::' in source and model.get('_scope_') == address:
        # mmengine's, not the config's own: mmdet has classifiers of mmpretrain.
        del model['_scope_']
    library = find_library(model, cfg.get('default_scope'), address)
    if library is not None:
        return library
    raise UserError(
        f'{source} belongs to no library known here (default_scope={cfg.get("default_scope")!r}); SR networks go in '
        f'front of models of {", ".join(_LIBRARIES)}.'
    )


def find_library(model: Mapping, *scopes: str | None) -> str | None:
    """The task library of a model: that of its own scope, of its type's prefix, or the first of ``scopes``, if any."""
    for name in (model.get('_scope_'), str(model.get('type', '')).rpartition('.')[0], *scopes):
        library = {'mmcls': 'mmpretrain'}.get(name, name)
        if library in _LIBRARIES:
            return library
    return None
