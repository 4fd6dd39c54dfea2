"""What to put around a task network, and whether its SR network enlarges by the scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from sr4ir_mm.apis.methods import find_method
from sr4ir_mm.models.sr_nets.build import build_sr_net, check_scale
from sr4ir_mm.models.sr_nets.defaults import default_sr_net
from sr4ir_mm.utils.errors import UserError

_SCALES = (2, 3, 4, 8)


@dataclass
class Wrapping:
    """What to put around a task network.

    Args:
        sr: Short name, registered type or config of the SR network; see :func:`default_sr_net`.
        scale: Factor between LR and HR images.
        method: Folder of ``configs/`` whose ``_base_.py`` says what is trained on what.
        task_ckpt: Weights of the task network, for ``init_from``.
        sr_ckpt: Weights of the SR network.
        lr_input: Evaluate on real LR images instead of degraded HR images.
    """

    sr: str | Mapping = 'edsr'
    scale: int = 4
    method: str = 'sr4ir'
    task_ckpt: str | None = None
    sr_ckpt: str | None = None
    lr_input: bool = False

    def __post_init__(self) -> None:
        if any(phase.get('segmentation') for phase in find_method(self.method).phases):
            raise UserError(
                f'--method {self.method} trains an SR network of its own on label maps, in front of nothing; start '
                f'from a config in configs/{self.method.replace("-", "_")} instead.'
            )
        if self.scale < 1:
            raise UserError(f'--scale {self.scale} is no enlargement; choose 2, 3, 4 or 8.')
        if self.lr_input and self.shows_hr:
            raise UserError(
                f'--lr-input contradicts --method {self.method}, which sees HR images; choose another method.'
            )

    @property
    def judges_task(self) -> bool:
        """Whether evaluation includes the task: not if SR alone is trained before a task network that knows nothing."""
        judged = find_method(self.method).model.get('test_cfg', {}).get('predict_task', True)
        return judged or self.task_ckpt is not None

    @property
    def shows_hr(self) -> bool:
        """Whether the task network is shown HR images in evaluation."""
        return find_method(self.method).model.get('test_cfg', {}).get('image') == 'hr'


def check_sr_net(wrapping: Wrapping) -> None:
    """Check that the SR network can be built for the scale and enlarges by it.

    Raises:
        UserError: It cannot, or there is no such network.
    """
    problem = _sr_problem(wrapping.sr, wrapping.scale)
    if problem is None:
        return
    fitting = [str(scale) for scale in _SCALES if _sr_problem(wrapping.sr, scale) is None]
    if not fitting:
        raise UserError(f'{problem}.')
    raise UserError(
        f'--scale {wrapping.scale} does not fit --sr {sr_name(wrapping.sr)} ({problem}); choose --scale '
        f'{" or ".join(fitting)} with it, or another --sr.'
    )


def _sr_problem(sr: str | Mapping, scale: int) -> str | None:
    """Why an SR network does not enlarge by a scale; None if it does."""
    cfg = sr_config(sr, scale)
    try:
        with torch.random.fork_rng(devices=[]):
            check_scale(build_sr_net(cfg), scale)
    except Exception as error:  # of any library, each has its own
        return ' '.join(str(error).split()).rstrip('.') or type(error).__name__
    return None


def sr_config(sr: str | Mapping, scale: int) -> dict[str, Any]:
    """Config of an SR network named by :attr:`Wrapping.sr`."""
    return default_sr_net(sr, scale) if isinstance(sr, str) else dict(sr)


def sr_name(sr: str | Mapping) -> str:
    """What an SR network is called on the command line."""
    return sr if isinstance(sr, str) else str(sr['type'])
