"""Whether the installed libraries can do what a run will ask of them."""

from __future__ import annotations

import inspect
import re
import sys
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
    if not checkpoints_reload():
        import mmengine
        import torch

        print(
            f'warning: mmengine {mmengine.__version__} cannot reload its own checkpoints with torch '
            f'{torch.__version__}, so that --resume and testing will fail; install torch<2.6, or onedl-mmengine '
            'in place of mmengine.',
            file=sys.stderr,
        )


def uses_cuda() -> bool:
    """Whether torch sees a CUDA device."""
    import torch

    return torch.cuda.is_available()


def mmcv_has_cuda() -> bool:
    """Whether mmcv's operators were compiled for CUDA."""
    from mmcv.ops import get_compiling_cuda_version

    return get_compiling_cuda_version() != 'not available'


def checkpoints_reload() -> bool:
    """Whether mmengine's checkpoints, which hold more than tensors, load with this torch.

    From torch 2.6 on ``torch.load`` takes tensors alone unless it is told otherwise.
    """
    import torch
    from mmengine.runner import checkpoint

    version = tuple(int(part) for part in re.findall(r'\d+', torch.__version__)[:2])
    return version < (2, 6) or 'weights_only' in inspect.getsource(checkpoint)
