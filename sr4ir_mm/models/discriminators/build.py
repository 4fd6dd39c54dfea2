"""Build the discriminator of a task network."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

from torch import nn

from sr4ir_mm.models.adapters import TaskAdapter
from sr4ir_mm.models.discriminators.real_fake import pool
from sr4ir_mm.registry import MODELS
from sr4ir_mm.utils.errors import UserError

_DEFAULT_TYPE = 'sr4ir_mm.RealFakeBranch'


def build_discriminator(
    cfg: Mapping | nn.Module, task_net: nn.Module, adapter: TaskAdapter
) -> nn.Module:
    """Build a discriminator that looks at features of a task network, or at images.

    Args:
        cfg: Config such as ``dict(type='sr4ir_mm.RealFakeBranch')``, or a built module with ``layers``. ``layers`` and
            ``in_channels`` are filled in from the task network, where it takes them.
        task_net: Unwrapped task network.
        adapter: Its adapter.

    Raises:
        UserError: The features' channels cannot be found, or a layer does not exist.
    """
    if isinstance(cfg, nn.Module):
        return cfg
    cfg = {'type': _DEFAULT_TYPE, **cfg}
    if not takes_features(cfg):
        return MODELS.build(cfg)
    layers = cfg.get('layers') or adapter.default_layers(task_net)
    if cfg.get('in_channels') is None:
        cfg['in_channels'] = _count_channels(task_net, adapter, layers)
    return MODELS.build({**cfg, 'layers': list(layers)})


def takes_features(cfg: Mapping) -> bool:
    """Whether a discriminator looks at features of the task network, and not at images."""
    kind = cfg.get('type', _DEFAULT_TYPE)
    kind = MODELS.get(kind) if isinstance(kind, str) else kind
    return 'layers' in inspect.signature(kind).parameters


def _count_channels(task_net: nn.Module, adapter: TaskAdapter, layers: list[str]) -> int:
    try:
        return pool(adapter.probe(task_net, layers)).shape[1]
    except RuntimeError as error:
        raise UserError(
            f'the channels of {layers} of {type(task_net).__name__} cannot be found ({error}); set '
            'model.discriminator.in_channels, or other layers.'
        ) from error
