"""Base of all phases."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from torch import Tensor, nn

from sr4ir_mm.models.losses import TDPLoss
from sr4ir_mm.models.phases.context import PhaseContext
from sr4ir_mm.models.phases.images import KINDS
from sr4ir_mm.structures import Losses, Progress
from sr4ir_mm.utils.checks import check_number, check_options
from sr4ir_mm.utils.errors import UserError


class Phase(nn.Module, ABC):
    """One part of a training iteration.

    A phase says what it trains and computes losses; it never touches an optimizer.

    Attributes:
        trains: Networks whose parameters the phase updates.
        begins: Share of training after which a loss starts, by its name.
        begin: Share of training after which the phase starts.
        end: Share of training after which it has ended.
        every: It runs in one of so many iterations.
        rests: Whether there are iterations in which its networks do not learn.
    """

    trains: Sequence[str] = ()
    begin: float = 0.0
    end: float = 1.0
    every: int = 1

    def __init__(self) -> None:
        super().__init__()
        self.begins: dict[str, float] = {}

    @abstractmethod
    def compute_losses(self, context: PhaseContext) -> Losses:
        """Losses of this phase; every key that contains ``loss`` is summed into what is differentiated."""

    def loss_parts(self, context: PhaseContext) -> Sequence[Callable[[], Losses]]:
        """The losses in parts that share no graph: each is differentiated before the next is computed, so that memory
        holds one graph at a time. Their sum, also of losses of one name, is :meth:`compute_losses`.
        """
        return [partial(self.compute_losses, context)]

    @property
    def rests(self) -> bool:
        """See the class."""
        return False

    def loss_names(self) -> set[str]:
        """Names of the losses that can start late."""
        return set()

    def active_losses(self, progress: Progress) -> set[str]:
        """Names of the losses that have started."""
        return {name for name in self.loss_names() if progress.passed(self.begins.get(name, 0.0))}

    @property
    def prefix(self) -> str:
        """What the phase's losses are logged under."""
        return self.trains[0]

    def needs_discriminator(self) -> bool:
        """Whether the phase needs a discriminator."""
        return 'discriminator' in self.trains or 'adversarial' in self.loss_names()

    def needs_extractor(self) -> bool:
        """Whether the phase needs an extractor."""
        return False

    def feature_loss(self) -> TDPLoss | None:
        """The loss that compares features of networks: TDP or distillation."""
        return getattr(getattr(self, 'losses', None), 'tdp', None)

    def compared_nets(self) -> Sequence[str]:
        """Networks that the feature loss names."""
        return getattr(self.feature_loss(), 'nets', None) or ()

    def needs_sr(self) -> bool:
        """Whether the phase needs an SR network."""
        return 'sr_net' in self.trains

    def needs_hr(self) -> bool:
        """Whether the phase needs HR images."""
        return True


def check_kinds(images: Mapping[str, float]) -> dict[str, float]:
    """Return image kinds and weights if all kinds exist.

    Raises:
        UserError: A kind is unknown or none is given.
    """
    check_options('images of a phase', images)
    unknown = sorted(set(images) - set(KINDS))
    if unknown or not images:
        raise UserError(
            f'Image kinds {unknown or "are missing"} in a phase; choose among {", ".join(KINDS)}.'
        )
    weights = {kind: check_number(f'weight of {kind} images', w) for kind, w in images.items()}
    if not any(weights.values()):
        raise UserError(f'the weights {weights} of a phase are all 0; give one image kind more.')
    return weights


def shown_kinds(images: Mapping[str, float]) -> dict[str, float]:
    """Those of :func:`check_kinds` that weigh anything: in train mode a pass changes statistics whatever its weight."""
    return {kind: weight for kind, weight in check_kinds(images).items() if weight}


def weighted(losses: Losses, weight: float, prefix: str) -> Losses:
    """Scale every loss (not accuracies and the like) and prefix all names."""
    return {
        f'{prefix}.{name}': _scale(value, weight) if 'loss' in name else value
        for name, value in losses.items()
    }


def kind_losses(weights: Mapping[str, float], context: PhaseContext) -> Losses:
    """The task's own losses of each image kind, weighted; one forward pass a kind."""
    losses: Losses = {}
    for kind, weight in weights.items():
        losses.update(kind_loss(kind, weight, context))
    return losses


def kind_loss(kind: str, weight: float, context: PhaseContext) -> Losses:
    """The task's own losses of one image kind, weighted."""
    images = context.images
    losses = context.adapter.loss(context.task_net, images.get(kind), images.batch)
    return weighted(losses, weight, kind)


def _scale(value: Tensor | list[Tensor], weight: float) -> Tensor | list[Tensor]:
    return [weight * item for item in value] if isinstance(value, (list, tuple)) else weight * value
