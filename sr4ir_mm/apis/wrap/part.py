"""What the parts of a wrapped config are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mmengine.config import Config

from sr4ir_mm.apis.methods import Method, find_method
from sr4ir_mm.apis.wrap.wrapping import Wrapping


@dataclass
class Part:
    """A part of the text, in which ``_base_`` is the zoo config.

    Args:
        base: The zoo config.
        library: Its task library.
        source: How the user named it.
        wrapping: What to put around it.
    """

    base: Config
    library: str
    source: str
    wrapping: Wrapping

    @property
    def method(self) -> Method:
        """What is trained on what."""
        return find_method(self.wrapping.method)

    def build(self) -> dict[str, Any]:
        """Keys of the config and their values."""
        raise NotImplementedError

    def replacing(self, key: str) -> dict[str, Any]:
        """Start of a dict that replaces the zoo config's value of ``key``, if it has one."""
        return dict(_delete_=True) if self.base.get(key) is not None else {}
