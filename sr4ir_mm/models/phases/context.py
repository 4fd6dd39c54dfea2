"""What a phase gets to see of one training iteration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from sr4ir_mm.models.adapters import TaskAdapter
from sr4ir_mm.models.phases.images import TrainingImages
from sr4ir_mm.structures import Progress
from sr4ir_mm.utils.modules import eval_mode, unwrap


@dataclass
class PhaseContext:
    """One training iteration, as its phases see it.

    Attributes:
        nets: ``sr_net``, ``task_net`` and others by name, in their distributed wrappers if they have such.
        adapter: Speaks to the task network.
        images: The batch by image kind.
        default_layers: Features that the TDP loss compares if its config names none.
        progress: How far the training is.
    """

    nets: Mapping[str, nn.Module]
    adapter: TaskAdapter
    images: TrainingImages
    default_layers: Sequence[str] = ()
    progress: Progress = field(default_factory=Progress)
    _of_hr: dict[tuple[str, ...], list[Tensor]] = field(default_factory=dict, init=False)

    @property
    def task_net(self) -> nn.Module:
        """The task network."""
        return self.nets['task_net']

    @property
    def feature_net(self) -> str:
        """See :func:`default_feature_net`."""
        return default_feature_net(self.nets)

    @torch.no_grad()
    def extracted(self, layers: Sequence[str]) -> list[Tensor]:
        """Features that the extractor, in eval mode, has of the HR images; made once an iteration."""
        key = tuple(layers)
        if key not in self._of_hr:
            net = unwrap(self.nets['extractor'])
            images = self.images
            with eval_mode(net):
                self._of_hr[key] = self.adapter.features(net, images.hr_rgb01, images.batch, layers)
        return self._of_hr[key]


def default_feature_net(nets: Mapping[str, nn.Module]) -> str:
    """Whose features the TDP loss compares by default: the extractor's, or else the task network's."""
    return 'extractor' if 'extractor' in nets else 'task_net'
