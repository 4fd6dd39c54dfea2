"""Reading foreign checkpoints and writing ours."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.weights import CONTAINERS, find_state_dict
from sr4ir_mm.version import __version__

#: Entries of a training checkpoint of SR4IR by our name of the network.
_NETS = {'sr_net': ('net_sr',), 'task_net': ('net_det', 'net_seg', 'net_cls')}


def read_state(
    path: str | Path, part: str | None = None, net: str | None = None
) -> dict[str, Tensor]:
    """The state dict inside a checkpoint, without the prefix of a distributed wrapper.

    Args:
        path: Checkpoint file.
        part: Entry to take, such as ``'params_ema'``; None finds a usual one.
        net: ``'sr_net'`` or ``'task_net'``, to be found in a training checkpoint of SR4IR that holds both.

    Raises:
        UserError: The file is missing, unreadable, or holds no such entry.
    """
    if not Path(path).is_file():
        raise UserError(
            f'{Path(path).resolve()} does not exist; give the path of a downloaded checkpoint.'
        )
    try:
        # The authors' training checkpoints hold their options, plain Python objects; nothing else is let in.
        checkpoint = torch.load(path, map_location='cpu', weights_only=True)
    except Exception as error:
        raise UserError(
            f'{path} is no readable checkpoint of tensors ({type(error).__name__}); download it again, or save its '
            'state dict alone with torch.save.'
        ) from error
    parts = (part,) if part else (*_NETS.get(net, ()), *CONTAINERS)
    state = find_state_dict(checkpoint, parts, whole=part is None)
    if not state:
        found = (
            sorted(map(str, checkpoint))[:8]
            if isinstance(checkpoint, Mapping)
            else type(checkpoint).__name__
        )
        raise UserError(
            f'{path} holds no state dict{f" {part!r}" if part else ""} but {found}; choose another with --part.'
        )
    return {key.removeprefix('module.'): value for key, value in state.items()}


def join_networks(**networks: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """One state dict of a ``TaskDrivenSR`` from those of its children, by name (``sr_net``, ``task_net``)."""
    return {
        f'{name}.{key}': value for name, state in networks.items() for key, value in state.items()
    }


def save_state(state: Mapping[str, Tensor], path: str | Path, sources: Mapping[str, str]) -> None:
    """Write a checkpoint as mmengine's Runner loads it.

    Args:
        state: State dict.
        path: File to be written; its folder is made.
        sources: File by network that the weights come from, kept in the checkpoint's ``meta``.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    meta = dict(converted_from=dict(sources), sr4ir_mm_version=__version__)
    torch.save(dict(meta=meta, state_dict=dict(state)), path)
