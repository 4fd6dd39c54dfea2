"""How the weights of one network change their names, and a few of them their rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from torch import Tensor

from sr4ir_mm.utils.errors import UserError


@dataclass(frozen=True)
class Conversion:
    """Renames the entries of a state dict by rules.

    Attributes:
        name: The network, for messages.
        marker: Pattern that the names of this network, and of no other known one, contain.
        rules: (pattern, replacement) pairs; the first pattern that matches the start of a name applies. None as the
            replacement drops the entry.
        values: Name in the new naming to a function that changes the tensor, for entries whose rows have another order.
        check: Looks at the whole state dict before it is converted; raises ``UserError`` if it cannot be used.
    """

    name: str
    marker: str
    rules: Sequence[tuple[str, str | None]]
    values: Mapping[str, Callable[[Tensor], Tensor]] = field(default_factory=dict)
    check: Callable[[Mapping[str, Tensor]], None] | None = None

    def rename(self, key: str) -> str | None:
        """New name of one entry, None if it is dropped.

        Raises:
            UserError: No rule knows the entry.
        """
        for pattern, replacement in self.rules:
            match = re.match(pattern, key)
            if match:
                return (
                    None if replacement is None else match.expand(replacement) + key[match.end() :]
                )
        raise UserError(
            f'{key!r} is no entry of {self.name} in its original naming; convert weights of the unchanged network only.'
        )

    def __call__(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Convert a whole state dict."""
        if self.check is not None:
            self.check(state)
        converted = {}
        for key, value in state.items():
            name = self.rename(key)
            if name is not None:
                converted[name] = self.values[name](value) if name in self.values else value
        return converted

    def recognises(self, state: Mapping[str, Tensor]) -> bool:
        """Whether a state dict belongs to this network, by its names."""
        return any(re.search(self.marker, key) for key in state)


def find_conversion(
    state: Mapping[str, Tensor], choices: Sequence[Conversion], source: str
) -> Conversion:
    """The conversion that knows a state dict.

    Args:
        state: State dict in the original naming.
        choices: Conversions to choose from.
        source: Where the state dict comes from, for the message.

    Raises:
        UserError: None of them knows it.
    """
    for conversion in choices:
        if conversion.recognises(state):
            return conversion
    raise UserError(
        f'{source} holds none of {", ".join(choice.name for choice in choices)} (its entries are {sorted(state)[:3]} '
        'and so on); give a checkpoint of one of these networks in its original naming.'
    )
