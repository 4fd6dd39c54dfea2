"""Files of weights: where the state dict is in what the libraries write."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

#: Where mmengine and timm (``state_dict``), BasicSR and SwinIR (``params``, their average first) and torch scripts
#: keep the weights.
CONTAINERS = ('state_dict', 'params_ema', 'params', 'model')


def find_state_dict(
    checkpoint: object, parts: tuple[str, ...] = CONTAINERS, whole: bool = True
) -> dict[str, Tensor]:
    """Find the state dict inside a checkpoint.

    Args:
        checkpoint: What was read from a file.
        parts: Entries that may hold it; the first that is there is taken.
        whole: Whether a checkpoint without such an entry may be a bare state dict.

    Returns:
        Its tensors; empty where there are none.
    """
    if not isinstance(checkpoint, Mapping):
        return {}
    held = [checkpoint[part] for part in parts if isinstance(checkpoint.get(part), Mapping)]
    if not held and not whole:
        return {}
    state = held[0] if held else checkpoint
    return {key: value for key, value in state.items() if isinstance(value, Tensor)}
