"""Write configs as a person would."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_WIDTH = 100


class Code(str):
    """An expression that stands in the config as it is, such as ``_base_.model``."""

    __slots__ = ()


def assignments(parts: Mapping[str, Any]) -> str:
    """One assignment a part, long ones over several lines.

    Args:
        parts: Values by variable name: plain data and :class:`Code`; the key ``'**'`` of a dict holds an expression
            for a dict that the other keys are added to.
    """
    return ''.join(
        f'{name} = {expression(value, 0, len(name) + 3)}\n' for name, value in parts.items()
    )


def expression(value: Any, indent: int = 0, used: int = 0) -> str:
    """A value as Python source.

    Args:
        value: Plain data or :class:`Code`.
        indent: Columns that following lines are indented by.
        used: Columns already taken in the first line.
    """
    flat = _flat(value)
    if indent + used + len(flat) + 1 <= _WIDTH or not isinstance(value, (Mapping, list, tuple)):
        return flat
    inner = ' ' * (indent + 4)
    if isinstance(value, Mapping) and _is_keywords(value):
        opening, closing = 'dict(', ')'
        items = [_keyword(key, item, indent + 4) for key, item in value.items()]
    elif isinstance(value, Mapping):
        opening, closing = '{', '}'
        items = [
            f'{key!r}: {expression(item, indent + 4, len(repr(key)) + 2)}'
            for key, item in value.items()
        ]
    else:
        opening, closing = ('[', ']') if isinstance(value, list) else ('(', ')')
        items = [expression(item, indent + 4) for item in value]
    return opening + '\n' + ''.join(f'{inner}{item},\n' for item in items) + ' ' * indent + closing


def _keyword(key: str, value: Any, indent: int) -> str:
    return f'**{value}' if key == '**' else f'{key}={expression(value, indent, len(key) + 1)}'


def _flat(value: Any) -> str:
    if isinstance(value, Code):
        return str(value)
    if isinstance(value, Mapping):
        if _is_keywords(value):
            return f'dict({", ".join(_flat_keyword(k, v) for k, v in value.items())})'
        return '{' + ', '.join(f'{key!r}: {_flat(item)}' for key, item in value.items()) + '}'
    if isinstance(value, list):
        return f'[{", ".join(map(_flat, value))}]'
    if isinstance(value, tuple):
        return f'({", ".join(map(_flat, value))}{"," if len(value) == 1 else ""})'
    return repr(value)


def _flat_keyword(key: str, value: Any) -> str:
    return f'**{value}' if key == '**' else f'{key}={_flat(value)}'


def _is_keywords(value: Mapping) -> bool:
    return all(isinstance(key, str) and (key.isidentifier() or key == '**') for key in value)
