"""Whether the installed libraries can do what a run will ask of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sr4ir_mm.utils.errors import UserError


def check_environment(cfg: Mapping[str, Any]) -> None:
    """Check the libraries before a run meets their limits after minutes or hours.

    Args:
        cfg: The config; its ``default_scope`` tells the task library.

    Raises:
        UserError: A detector would train on a GPU with an mmcv whose RoIAlign and NMS were built for the CPU alone.
    """
    if cfg.get('default_scope') == 'mmdet' and uses_cuda() and not mmcv_has_cuda():
        raise UserError(
            'CUDA is in use but mmcv was built without it, so that RoIAlign and NMS would fail; install the CUDA '
            'toolkit (nvcc) and run tools/setup_env.sh again, or hide the GPU with CUDA_VISIBLE_DEVICES="".'
        )


def uses_cuda() -> bool:
    """Whether torch sees a CUDA device."""
    import torch

    return torch.cuda.is_available()


def mmcv_has_cuda() -> bool:
    """Whether mmcv's operators were compiled for CUDA."""
    from mmcv.ops import get_compiling_cuda_version

    return get_compiling_cuda_version() != 'not available'
