"""The text of a wrapped config."""

from __future__ import annotations

import os
import os.path as osp
from typing import Any

from mmengine.config import Config

from sr4ir_mm.apis.config_text import assignments
from sr4ir_mm.apis.methods import find_method
from sr4ir_mm.apis.wrap.evaluation import EvaluationPart
from sr4ir_mm.apis.wrap.files import SIGNATURE
from sr4ir_mm.apis.wrap.model import ModelPart
from sr4ir_mm.apis.wrap.training import TrainingPart
from sr4ir_mm.apis.wrap.wrapping import Wrapping, check_sr_net, sr_name
from sr4ir_mm.apis.wrap.zoo_configs import library_of, load_zoo_config, usable_source
from sr4ir_mm.models.adapters.supported import check_has_head, check_supported
from sr4ir_mm.utils.cli.runs import check_strategy


def wrap_config(source: str, wrapping: Wrapping, out: str) -> str:
    """Text of a config that inherits from ``source`` and puts an SR network in front of its model.

    Args:
        source: ``'mmdet::...'``, ``'mmseg::...'``, ``'mmpretrain::...'`` or a config file.
        wrapping: What to put around it.
        out: Where the text will be saved; a base in a file is named relative to it.

    Raises:
        UserError: The config cannot be read, its model cannot have an SR network in front, the SR network does not
            enlarge by this scale, or the method lacks weights.
    """
    source = usable_source(source)
    base = load_zoo_config(source)
    check_strategy(Config({key: base.get(key) for key in ('strategy', 'runner_type', 'compile')}))
    library = library_of(base, source)
    preprocessor = base.model.get('data_preprocessor') or base.get('data_preprocessor')
    model = {**base.model, '_scope_': library, 'data_preprocessor': preprocessor}
    check_supported(model)
    check_has_head(model)
    if find_method(wrapping.method).needs_sr():
        check_sr_net(wrapping)
    reference = (
        source if '::' in source else osp.relpath(source, osp.dirname(osp.abspath(out)) or '.')
    )
    parts: dict[str, Any] = {'_base_': reference.replace(os.sep, '/'), **_imports(base)}
    if base.get('default_scope') != library:
        parts['default_scope'] = library
    for part in (ModelPart, TrainingPart, EvaluationPart):
        parts.update(part(base, library, source, wrapping).build())
    return _header(source, wrapping) + assignments(parts)


def _header(source: str, wrapping: Wrapping) -> str:
    needs_sr = find_method(wrapping.method).needs_sr()
    what = f', {sr_name(wrapping.sr)}' if needs_sr else ''
    return f'# {wrapping.method} x{wrapping.scale}{what} in front of {source}{SIGNATURE}\n'


def _imports(base: Config) -> dict[str, Any]:
    """Our package beside what the zoo config imports."""
    own = dict(imports=['sr4ir_mm'], allow_failed_imports=False)
    theirs = base.get('custom_imports')
    if theirs:
        imports = theirs['imports']
        imports = [imports] if isinstance(imports, str) else list(imports)
        own['imports'] = [*imports, 'sr4ir_mm']
        own['allow_failed_imports'] = theirs.get('allow_failed_imports', False)
    return {'custom_imports': own}
