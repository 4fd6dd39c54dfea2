"""What a phase gets to see of one training iteration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from torch import nn

from sr4ir_mm.models.adapters import TaskAdapter
from sr4ir_mm.models.phases.images import TrainingImages
from sr4ir_mm.structures import Progress


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

    @property
    def task_net(self) -> nn.Module:
        """The task network."""
        return self.nets['task_net']

    @property
    def feature_net(self) -> nn.Module:
        """Whose features the TDP loss compares: the extractor, or else the task network."""
        return self.nets.get('extractor', self.task_net)
