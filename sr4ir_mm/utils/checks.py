"""Checks of values that come from a config."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sr4ir_mm.utils.errors import UserError


def check_number(
    name: str, value: Any, least: float = 0, most: float = math.inf, whole: bool = False
) -> Any:
    """Return a number if it is within its range.

    Args:
        name: What the value is, for the message.
        value: To be checked.
        least: The smallest allowed.
        most: The largest allowed.
        whole: Whether only whole numbers will do.

    Raises:
        UserError: It is no such number.
    """
    number = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
    if not number or not least <= value <= most:
        kind = 'a whole number' if whole else 'a number'
        limits = f'of at least {least}' if most == math.inf else f'from {least} to {most}'
        raise UserError(f'{name}={value!r} is out of place; expected {kind} {limits}.')
    return value


def check_names(name: str, value: Any) -> list[str]:
    """Return a list of names if it is one and not empty.

    Raises:
        UserError: It is not.
    """
    listed = isinstance(value, Sequence) and not isinstance(value, str)
    if not listed or not value or not all(isinstance(item, str) for item in value):
        raise UserError(f'{name}={value!r} is out of place; expected a list of names.')
    return list(value)


def check_options(name: str, value: Any) -> Mapping:
    """Return a mapping if it is one.

    Raises:
        UserError: It is not.
    """
    if not isinstance(value, Mapping):
        raise UserError(f'{name} is {value!r}; expected a dict of options.')
    return value
