"""Ways to run the same training iteration, for benchmarks: each changes a built model or its config."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace

import torch
from mmengine.config import ConfigDict
from torch import Tensor, nn

from sr4ir_mm.models.adapters.features import collect_features
from sr4ir_mm.structures import LRHRBatch
from sr4ir_mm.utils.modules import unwrap


@dataclass(frozen=True)
class Variant:
    """One way to run an iteration.

    Attributes:
        about: What it does, in a few words.
        configure: Changes the config before anything is built.
        change: Changes the built model.
        autocast: Data type of the networks' mixed precision; None for float32.
    """

    about: str
    configure: Callable[[ConfigDict], None] = lambda cfg: None
    change: Callable[[nn.Module], None] = lambda model: None
    autocast: str | None = None


#: Modules of the libraries that run faster here.
_OURS = ('RowRoIAlign', '_FoldedConv', 'InPlaceResidualBlock')


def literal(model: nn.Module) -> None:
    """Do what the authors' loop does step for step (methods.md 5.4).

    The task network runs as a whole for TDP features, and the second super-resolution builds a graph that is thrown
    away.
    """
    adapter, super_resolve = model.adapter, model.super_resolve

    def features(
        task_net: nn.Module, image_rgb01: Tensor, batch: LRHRBatch, layers: Sequence[str]
    ) -> list[Tensor]:
        net = unwrap(task_net)
        inputs, samples = adapter.to_task_inputs(image_rgb01, batch)
        return collect_features(net, layers, lambda: net(inputs, samples, mode='tensor'))

    def with_graph(lr_rgb01: Tensor) -> Tensor:
        if torch.is_grad_enabled():
            return super_resolve(lr_rgb01)
        parameters = [p for p in model.sr_net.parameters() if not p.requires_grad]
        for parameter in parameters:
            parameter.requires_grad_(True)
        with torch.enable_grad():
            sr_rgb01 = super_resolve(lr_rgb01).detach()
        for parameter in parameters:
            parameter.requires_grad_(False)
        return sr_rgb01

    adapter.features = features
    for phase in model.phases:
        tdp = getattr(getattr(phase, 'losses', None), 'tdp', None)
        if tdp is not None:
            tdp.in_parts = False
        if hasattr(phase, 'in_parts'):
            phase.in_parts = False
        # All kinds in one graph, one backward pass.
        phase.loss_parts = lambda context, phase=phase: [
            lambda: {
                k: v for part in type(phase).loss_parts(phase, context) for k, v in part().items()
            }
        ]
    if 'sr_net' in model.nets():
        model.super_resolve = with_graph
    for module in model.modules():
        if type(module).__name__ in _OURS:
            module.__class__ = type(module).__mro__[1]


def _usual_layout(cfg: ConfigDict) -> None:
    cfg.model.channels_last = False


def _sr_usual_layout(cfg: ConfigDict) -> None:
    cfg.model.channels_last = ['task_net']


def compiled(model: nn.Module) -> None:
    """What the hook of that name does."""
    from sr4ir_mm.engine.hooks import CompileHook

    CompileHook().before_train(SimpleNamespace(model=model, logger=logging.getLogger(__name__)))


def _whole_batch(cfg: ConfigDict) -> None:
    for phase in cfg.model.phases:
        if phase.type.endswith('SRPhase'):
            phase.in_parts = False
        if phase.get('tdp'):
            phase.tdp.in_parts = False


def _task_phase(cfg: ConfigDict, **options: object) -> None:
    for phase in cfg.model.phases:
        if phase.type.endswith('TaskPhase'):
            phase.update(options)


#: What ``--compare`` takes; ``literal`` is the baseline of every ratio.
VARIANTS: dict[str, Variant] = {
    'literal': Variant("the authors' loop, step for step", _usual_layout, literal),
    'default': Variant('as shipped'),
    'whole-batch': Variant('as shipped, SR phase of the whole batch at once', _whole_batch),
    'usual-layout': Variant('as shipped, in the usual memory layout', _usual_layout),
    'sr-usual-layout': Variant(
        'as shipped, SR network in the usual memory layout', _sr_usual_layout
    ),
    'concat': Variant(
        'one task pass over all kinds together', lambda cfg: _task_phase(cfg, concat=True)
    ),
    'reuse-sr': Variant('no second super-resolution', lambda cfg: _task_phase(cfg, reuse_sr=True)),
    'draw-sample': Variant(
        'one kind drawn for each image', lambda cfg: _task_phase(cfg, draw='sample')
    ),
    'bf16': Variant('bfloat16 autocast', autocast='bfloat16'),
    'fp16': Variant('float16 autocast, losses not scaled', autocast='float16'),
    'compile': Variant('torch.compile of the SR network, backbone and neck', change=compiled),
}
