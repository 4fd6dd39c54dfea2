"""Context managers that lend a network to a phase and hand it back exactly as it was."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mmengine.model import is_model_wrapper
from torch import nn
from torch.nn.modules.batchnorm import _NormBase


@contextmanager
def frozen(*modules: nn.Module) -> Iterator[None]:
    """Keep gradients from accumulating in ``modules``; gradients still flow through them.

    Only the parameters that were trainable are switched off, and only they are switched on again, so that stages
    which the model zoo froze on purpose stay frozen.
    """
    trainable = [p for module in modules for p in module.parameters() if p.requires_grad]
    for parameter in trainable:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in trainable:
            parameter.requires_grad_(True)


@contextmanager
def eval_mode(module: nn.Module) -> Iterator[None]:
    """Run ``module`` in eval mode and restore every submodule's own flag afterwards.

    Flags are set one by one: several backbones override ``train()`` and would not restore what was there.
    """
    with set_modes(module, lambda _: False):
        yield


@contextmanager
def steady_mode(module: nn.Module) -> Iterator[None]:
    """Run ``module`` in train mode but for its statistics and dropout, and restore all flags afterwards.

    For losses: in eval mode several networks return what no loss can be computed of (the heads of RepPoints and DINO,
    the backbone of PIDNet).
    """
    with set_modes(module, lambda submodule: not _is_unsteady(submodule)):
        yield


@contextmanager
def set_modes(module: nn.Module, mode_of: Callable[[nn.Module], bool]) -> Iterator[None]:
    """Set train or eval mode of each submodule, and restore all flags afterwards.

    Activation checkpoints of the model zoos (``with_cp``) are off meanwhile: they run a block again in the backward
    pass, after the modes are restored, and its gradient and statistics would be those of another mode.
    """
    modes = {submodule: submodule.training for submodule in module.modules()}
    checkpointed = [m for m in modes if getattr(m, 'with_cp', None) is True]
    for submodule in modes:
        submodule.training = mode_of(submodule)
    for submodule in checkpointed:
        submodule.with_cp = False
    try:
        yield
    finally:
        for submodule, training in modes.items():
            submodule.training = training
        for submodule in checkpointed:
            submodule.with_cp = True


def _is_unsteady(module: nn.Module) -> bool:
    name = type(module).__name__  # mmcv's SyncBatchNorm has no base in common with torch's
    return (
        isinstance(module, (_NormBase, nn.MultiheadAttention))
        or 'Drop' in name
        or 'BatchNorm' in name
    )


def mixes_or_draws(net: nn.Module) -> bool:
    """Whether the output of an image depends, in train mode, on the batch's other images or on random numbers."""
    return any(
        _is_unsteady(module) and getattr(module, 'p', getattr(module, 'drop_prob', None)) != 0
        for module in unwrap(net).modules()
    )


def unwrap(module: nn.Module) -> nn.Module:
    """The module inside a distributed wrapper, or the module itself."""
    return module.module if is_model_wrapper(module) else module


def find_module(model: nn.Module, name: str) -> nn.Module | None:
    """The part of a model of that dotted name, past distributed wrappers; None if there is no such part."""
    module: nn.Module | None = unwrap(model)
    for part in name.split('.'):
        module = getattr(module, part, None)
        if module is None:
            return None
        module = unwrap(module)
    return module
