"""Mixed precision as it stands, in any version of torch."""

from __future__ import annotations

import torch


def autocast_dtype(device: str) -> torch.dtype | None:
    """Data type to which autocast casts on a kind of device here and now; None outside of it.

    Args:
        device: 'cpu', 'cuda', ...; torch before 2.4 asks in another way, and knows no other than these two.
    """
    try:
        return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else None
    except TypeError:
        pass
    if device == 'cpu':
        return torch.get_autocast_cpu_dtype() if torch.is_autocast_cpu_enabled() else None
    return torch.get_autocast_gpu_dtype() if torch.is_autocast_enabled() else None


def idle_scaler() -> torch.amp.GradScaler:
    """A scaler for the CPU, which leaves losses as they are; torch before 2.3 has CUDA's alone."""
    if hasattr(torch.amp, 'GradScaler'):
        return torch.amp.GradScaler('cpu', enabled=False)
    return torch.cuda.amp.GradScaler(enabled=False)
