"""Deterministic weights of the parity fixtures: a tensor depends on its name, shape and gain only."""

import zlib
from collections.abc import Sequence

import torch
from torch import Tensor


def rule_tensor(name: str, shape: Sequence[int], gain: float = 1.0) -> Tensor:
    """The value of a state-dict entry.

    Weights of convolutions and linear layers are normal with variance gain / fan-in, norm weights 1 + 0.1 n, biases
    0.01 n, running means 0.05 n, running variances 1 + 0.1 abs(n), with n standard normal, seeded by the name.

    Args:
        name: Name in the reference's naming.
        shape: Its shape.
        gain: Variance times fan-in of weights with two or more dimensions.

    Returns:
        float32, or an int64 zero for ``num_batches_tracked``.
    """
    if name.endswith('num_batches_tracked'):
        return torch.zeros(tuple(shape), dtype=torch.int64)
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    normal = torch.randn(tuple(shape), generator=generator, dtype=torch.float64)
    return _spread(name, normal, gain).float()


def _spread(name: str, normal: Tensor, gain: float) -> Tensor:
    if name.endswith('running_var'):
        return 1 + 0.1 * normal.abs()
    if name.endswith('running_mean'):
        return 0.05 * normal
    if name.endswith('bias'):
        return 0.01 * normal
    if normal.ndim == 1:
        return 1 + 0.1 * normal
    return normal * (gain / normal[0].numel()) ** 0.5
