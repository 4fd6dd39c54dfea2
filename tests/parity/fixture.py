"""Reads a parity fixture: figures of the reference loop on fixed weights and images."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

_PREFIXES = ('sr', 'task')
_LOSS_TYPES = {'cls': 'ce', 'seg': 'auxce', 'det': 'det'}


@dataclass
class Fixture:
    """One run of the reference loop.

    Attributes:
        task: ``'cls'``, ``'seg'`` or ``'det'``.
        about: The JSON file.
        arrays: The NPZ file.
    """

    task: str
    about: dict
    arrays: dict[str, np.ndarray]

    @classmethod
    def load(cls, prefix: str | Path) -> Fixture:
        """Read ``prefix.json`` and ``prefix.npz``."""
        about = json.loads(Path(f'{prefix}.json').read_text())
        with np.load(f'{prefix}.npz') as arrays:
            return cls(about['task'], about, dict(arrays))

    @property
    def scale(self) -> int:
        """Factor between LR and HR images."""
        return self.about['scale']

    @property
    def sr(self) -> dict:
        """The SR network's arguments in the reference's names."""
        return self.about['sr']

    @property
    def steps(self) -> int:
        """Recorded iterations."""
        return len(self.about['losses'])

    @property
    def batch_size(self) -> int:
        """Images of an iteration."""
        return sum(name.startswith('image_0_') for name in self.arrays)

    def shapes(self, net: str) -> dict[str, list[int]]:
        """Shapes of a network's state dict by reference name; ``net`` is 'sr' or 'task'."""
        return self.about['shapes'][net]

    def gain(self, net: str) -> float:
        """Gain of a network's weights."""
        return self.about['gain_task'] if net == 'task' else 1.0

    def image_bgr(self, step: int, index: int) -> Tensor:
        """(3, H, W) uint8 BGR, as OpenMMLab's pipelines pack it."""
        image = np.ascontiguousarray(self.arrays[f'image_{step}_{index}'][..., ::-1])
        return torch.from_numpy(image).permute(2, 0, 1).contiguous()

    def mask(self, step: int) -> Tensor:
        """(N, 1, g, g) CQMix cells, 1 = SR."""
        return torch.from_numpy(self.arrays[f'mask_{step}']).float()

    def losses(self, step: int) -> dict[str, float]:
        """Losses by the names that our model logs them under, without the weights' split into parts."""
        loss = _LOSS_TYPES[self.task]
        names = {
            'l_pix': 'sr_net/pixel',
            'l_tdp': 'sr_net/tdp',
            **{f'l_{loss}_{kind}': f'task_net/{kind}' for kind in ('sr', 'hr', 'cqmix')},
        }
        recorded = self.about['losses'][step]
        return {names[key.removeprefix('losses/')]: value for key, value in recorded.items()}

    def final_parameters(self) -> dict[tuple[str, str], tuple[float, float]]:
        """(mean, mean absolute value) after the last step by (net, reference name)."""
        (figures,) = self.about['params'].values()
        return {tuple(key.split('.', 1)): tuple(value) for key, value in figures.items()}
