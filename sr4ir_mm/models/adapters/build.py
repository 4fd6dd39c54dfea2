"""Build a task network in its own library's scope and find the adapter for it."""

from __future__ import annotations

import copy
from importlib import import_module
from pathlib import Path

import torch
from mmengine.config import ConfigDict
from torch import Tensor, nn

from sr4ir_mm.models.adapters.base import TaskAdapter
from sr4ir_mm.models.adapters.supported import check_supported
from sr4ir_mm.registry import MODELS
from sr4ir_mm.utils.errors import UserError

ADAPTERS = {
    'mmdet': 'sr4ir_mm.DetectionAdapter',
    'mmseg': 'sr4ir_mm.SegmentationAdapter',
    'mmpretrain': 'sr4ir_mm.ClassificationAdapter',
}


def build_task_net(cfg: dict | nn.Module, data_preprocessor: dict | None = None) -> nn.Module:
    """Build a task network with every child resolved in the task library's own scope.

    Args:
        cfg: Model config of the task library with ``_scope_`` or a ``library.`` prefix, or a built network.
        data_preprocessor: The library's top-level ``data_preprocessor``, used if the model config has none.

    Raises:
        UserError: The network cannot have an SR network in front, or has no data preprocessor.
    """
    if isinstance(cfg, nn.Module):
        return cfg
    cfg = copy.deepcopy(ConfigDict(cfg))  # building pops from it
    prefix, _, _ = cfg['type'].rpartition('.') if isinstance(cfg['type'], str) else ('', '', '')
    if prefix:
        cfg.setdefault('_scope_', prefix)
    if data_preprocessor is not None and cfg.get('data_preprocessor') is None:
        cfg['data_preprocessor'] = data_preprocessor
    check_supported(cfg)
    _import_registries(cfg)
    _find_teacher(cfg)
    task_net = MODELS.build(cfg)
    _mend(task_net)
    if not isinstance(getattr(task_net, 'data_preprocessor', None), nn.Module):
        raise UserError(
            f'Task network {type(task_net).__name__} has no data_preprocessor; give task_net a complete model config '
            'of mmdet, mmseg or mmpretrain.'
        )
    return task_net


def _import_registries(cfg: object) -> None:
    """Import the registries that types such as ``mmpretrain.ConvNeXt`` name; a registry fills itself when asked."""
    if isinstance(cfg, dict):
        library = str(cfg.get('type', '')).partition('.')[0]
        if library in ADAPTERS:
            import_module(f'{library}.registry')
    for value in cfg.values() if isinstance(cfg, dict) else cfg:
        if isinstance(value, (dict, list, tuple)):
            _import_registries(value)


def _mend(task_net: nn.Module) -> None:
    """Mend what keeps a zoo model from running in the released libraries, or from running fast on the CPU.

    mmdet 3.3.0 reads ``self.loss_cls`` in the prediction of every dense head, and SSD's head has none. Some configs of
    mmseg (UPerNet R18 on VOC) give the preprocessor neither ``size`` nor ``size_divisor``, and training asserts one.
    mmcv's non-maximum suppression on the CPU takes float32 alone, which an RPN head under autocast does not give it.
    """
    preprocessor = getattr(task_net, 'data_preprocessor', None)
    if (
        type(preprocessor).__name__ == 'SegDataPreProcessor'
        and preprocessor.size is preprocessor.size_divisor is None
    ):
        preprocessor.size_divisor = 1
    for module in task_net.modules():
        if type(module).__name__ == 'SSDHead' and not hasattr(module, 'loss_cls'):
            module.loss_cls = None
        if isinstance(getattr(module, 'rpn_head', None), nn.Module):
            module.rpn_head.register_forward_hook(_float32_on_the_cpu)
    if any(type(module).__module__ == 'mmcv.ops.roi_align' for module in task_net.modules()):
        import_module('sr4ir_mm.models.task_nets.roi_align').use_row_roi_align(task_net)


def _float32_on_the_cpu(_: nn.Module, __: tuple, maps: object) -> object:
    if isinstance(maps, (list, tuple)):
        return type(maps)(_float32_on_the_cpu(_, __, each) for each in maps)
    on_cpu = isinstance(maps, Tensor) and maps.device.type == 'cpu'
    return maps.float() if on_cpu and maps.dtype in (torch.bfloat16, torch.float16) else maps


def _find_teacher(cfg: ConfigDict) -> None:
    """Find the config of a distillation teacher, which mmdet names relative to its own source tree."""
    path = cfg.get('teacher_config')
    if isinstance(path, str) and not Path(path).is_file():
        installed = (
            Path(import_module(cfg.get('_scope_') or 'mmdet').__file__).parent / '.mim' / path
        )
        if installed.is_file():
            cfg['teacher_config'] = str(installed)


def task_library(task_net: nn.Module) -> str | None:
    """Name of the library whose base class ``task_net`` derives from."""
    for cls in type(task_net).__mro__:
        library = cls.__module__.partition('.')[0]
        if library in ADAPTERS:
            return library
    return None


def build_adapter(cfg: dict | None, task_net: nn.Module) -> TaskAdapter:
    """Build the adapter of a task network; without a type, the one of the network's library.

    Raises:
        UserError: The network belongs to no known library and the config names no adapter.
    """
    cfg = dict(cfg or {})
    library = task_library(task_net)
    if 'type' not in cfg and library is None:
        raise UserError(
            f'No adapter is known for {type(task_net).__name__}; use a model of {", ".join(sorted(ADAPTERS))} or name '
            'one: adapter=dict(type=...).'
        )
    cfg.setdefault('type', ADAPTERS.get(library))
    return MODELS.build({**cfg, 'task_net': task_net})
