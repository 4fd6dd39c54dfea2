"""The processes of a run, and what they compute on."""

from __future__ import annotations

import datetime
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from sr4ir_mm.utils.kinds import class_name

if TYPE_CHECKING:
    from mmengine.config import Config

#: Where each launcher tells how many processes there are.
WORLD_SIZE_OF_LAUNCHER = {
    'pytorch': 'WORLD_SIZE',
    'slurm': 'SLURM_NTASKS',
    'mpi': 'OMPI_COMM_WORLD_SIZE',
}


def join_processes_on_cpu(cfg: Config) -> None:
    """Join the processes of torchrun through gloo where there is no accelerator.

    mmengine's own set-up takes a CUDA device for each process whatever the backend; it leaves
    processes alone that have already joined.

    Args:
        cfg: The config with its ``launcher``. Changed in place: ``env_cfg.dist_cfg.backend`` is
            set to gloo (``timeout``, in seconds, holds), and the model wrapper gets no device.
    """
    if cfg.get('launcher', 'none') != 'pytorch' or has_accelerator():
        return
    import torch

    cfg.setdefault('env_cfg', {})
    cfg.env_cfg.setdefault('dist_cfg', {})
    cfg.env_cfg.dist_cfg.backend = 'gloo'
    seconds = cfg.env_cfg.dist_cfg.get('timeout')
    # torch before 2.2 takes no None for its default.
    limit = {} if seconds is None else {'timeout': datetime.timedelta(seconds=seconds)}
    torch.distributed.init_process_group('gloo', **limit)
    # The Runner would tell the wrapper that this process owns the CUDA device of its number.
    if cfg.get('model_wrapper_cfg') is None:
        find_unused = cfg.get('find_unused_parameters', False)
        cfg.model_wrapper_cfg = {'find_unused_parameters': find_unused, 'broadcast_buffers': False}
    cfg.model_wrapper_cfg.device_ids = None


def set_model_wrapper(cfg: Config) -> None:
    """Wrap each network by itself in distributed training where a config says nothing else.

    mmengine's default, also where a config names it, wraps the model as a whole, which has no step for several
    optimizers, and a wrapper that is configured hides ``find_unused_parameters`` beside it.

    Args:
        cfg: Changed in place; one of another model than :class:`TaskDrivenSR` is left alone.
    """
    if 'phases' not in (cfg.get('model') or {}):
        return
    usual = dict(
        type='MMSeparateDistributedDataParallel',
        broadcast_buffers=False,
        find_unused_parameters=False,
    )
    asked = {key: cfg[key] for key in ('find_unused_parameters',) if cfg.get(key)}
    own = dict(cfg.get('model_wrapper_cfg') or {})
    if class_name(own) == 'MMDistributedDataParallel':
        del own['type']
    cfg.model_wrapper_cfg = {**usual, **own, **asked}


def has_accelerator() -> bool:
    """Whether torch can compute on something other than the CPU in mixed precision."""
    from mmengine.device import get_device

    return get_device() not in ('cpu', 'mps')


def check_on_first_process(check: Callable[[], None]) -> None:
    """Run a check in one process a machine; the others meet its failure at the first barrier."""
    if os.getenv('LOCAL_RANK', '0') == '0':
        check()


def world_size(launcher: str) -> int:
    """Number of processes that the launcher started; 1 without one."""
    return int(os.getenv(WORLD_SIZE_OF_LAUNCHER.get(launcher, ''), '1'))


def keep_sync_bn_to_accelerators(cfg: Config) -> None:
    """Leave batch norms alone on the CPU, where torch cannot synchronise them, with a notice.

    Args:
        cfg: Changed in place: ``sync_bn`` is unset.
    """
    if not cfg.get('sync_bn') or cfg.get('launcher', 'none') == 'none' or has_accelerator():
        return
    if os.getenv('RANK', '0') == '0':
        print(
            f'notice: sync_bn={cfg.sync_bn!r} needs an accelerator; on the CPU each process keeps the batch statistics '
            'of its own images.',
            file=sys.stderr,
        )
    cfg.sync_bn = None
