"""The methods, read from ``configs/<method>/_base_.py``: the one place that says what a method trains on what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from mmengine.config import Config

import sr4ir_mm
from sr4ir_mm.models.phases import Phase
from sr4ir_mm.registry import MODELS
from sr4ir_mm.utils.errors import UserError


@dataclass(frozen=True)
class Method:
    """One method.

    Attributes:
        name: Of its folder, with ``-`` for ``_``.
        model: The ``model`` of its base config: phases, ``test_cfg``, and what else it sets.
    """

    name: str
    model: Mapping

    @property
    def phases(self) -> list[dict]:
        """Configs of its phases."""
        return [dict(phase) for phase in self.model['phases']]

    def built_phases(self) -> list[Phase]:
        """Its phases, built."""
        return [MODELS.build(phase) for phase in self.phases]

    def trained_nets(self) -> list[str]:
        """Names of the networks that it trains, in the order of the phases."""
        return [name for phase in self.built_phases() for name in phase.trains]

    def needs_sr(self) -> bool:
        """Whether it has an SR network."""
        return any(phase.needs_sr() for phase in self.built_phases())

    def mixes(self) -> bool:
        """Whether it trains on CQMix images."""
        return any('cqmix' in phase.get('images', {}) for phase in self.phases)


def configs_folder() -> Path:
    """``configs/`` of the clone, or of the installed wheel."""
    package = Path(sr4ir_mm.__file__).parent
    clone = package.parent / 'configs'
    return clone if (clone / '_base_').is_dir() else package / '.mim' / 'configs'


def method_names() -> list[str]:
    """All methods that have a base config."""
    bases = sorted(configs_folder().glob('*/_base_.py'))
    return [base.parent.name.replace('_', '-') for base in bases]


@lru_cache
def find_method(name: str) -> Method:
    """The method of that name.

    Raises:
        UserError: There is none.
    """
    if name not in method_names():
        raise UserError(f'method {name!r} is unknown; choose one of {", ".join(method_names())}.')
    base = configs_folder() / name.replace('-', '_') / '_base_.py'
    return Method(name, Config.fromfile(base).model.to_dict())
