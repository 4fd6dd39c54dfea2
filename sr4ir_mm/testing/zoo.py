"""Check that a model-zoo config works behind an SR network: one training step, one evaluation step."""

from __future__ import annotations

import os.path as osp
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from mmengine.config import Config
from mmengine.logging import MessageHub
from mmengine.model import revert_sync_batchnorm
from mmengine.optim import build_optim_wrapper
from mmengine.registry import HOOKS, MODELS, init_default_scope
from mmengine.structures import BaseDataElement, InstanceData, PixelData
from torch import Tensor

from sr4ir_mm.apis.wrap import Wrapping, library_of, load_zoo_config, wrap_config
from sr4ir_mm.models import TaskDrivenSR
from sr4ir_mm.models.adapters import task_library
from sr4ir_mm.testing.samples import make_batch
from sr4ir_mm.utils.errors import UserError

_SAMPLE_TYPES = {'mmdet': 'DetDataSample', 'mmseg': 'SegDataSample', 'mmpretrain': 'DataSample'}
_PREDICTIONS = {
    'mmdet': ('pred_instances', 'pred_panoptic_seg', 'pred_sem_seg'),
    'mmseg': ('pred_sem_seg', 'seg_logits', 'pred_depth_map'),
    'mmpretrain': ('pred_score', 'pred_label'),
}

_PROPOSALS = 64


@dataclass
class ZooResult:
    """What became of one config.

    Attributes:
        config: The zoo config.
        model: Type of the task network.
        layers: Features of the TDP loss.
        parameters: Of the task network, in millions.
        size: Side of the images, px.
        seconds: Wall time.
        problem: Empty if everything holds, else one sentence.
    """

    config: str
    model: str = ''
    layers: list[str] = field(default_factory=list)
    parameters: float = 0.0
    size: int = 0
    seconds: float = 0.0
    problem: str = ''


def check_zoo_config(
    source: str, size: int = 128, scale: int = 4, method: str = 'sr4ir'
) -> ZooResult:
    """Wrap a zoo config, build it with its real architecture (without weights), train one step and evaluate one.

    Args:
        source: ``'mmdet::...'`` and the like, or a file.
        size: Side of the generated images; classifiers get what their own pipeline crops, and networks that refuse
            the size are tried with larger ones.
        scale: Factor of the SR network, a small EDSR.
        method: See :func:`sr4ir_mm.apis.wrap.wrap_config`.

    Returns:
        The result; ``problem`` tells the first thing that failed.
    """
    result, start = ZooResult(source), time.time()
    try:
        for side in sizes_to_try(load_zoo_config(source), size):
            result.size = side
            try:
                _run(source, result, scale, method)
                result.problem = ''
                break
            except UserError:
                raise
            except Exception as error:
                # The first size is the one asked for: its error is the one to tell.
                result.problem = result.problem or _sentence(error)
    except Exception as error:
        result.problem = _sentence(error)
    result.seconds = time.time() - start
    return result


def own_size(cfg: Config) -> int | None:
    """Side of the (square) images that a config's own training pipeline makes; None if it does not say."""
    fixed = (cfg.model.get('data_preprocessor') or {}).get('size')
    if isinstance(fixed, (list, tuple)):
        return max(fixed)
    loader = cfg.get('train_dataloader') or {}
    sides = [
        value if isinstance(value, int) else max(value)
        for transform in (loader.get('dataset') or {}).get('pipeline') or []
        for key, value in transform.items()
        if key in ('scale', 'crop_size', 'size') and _is_size(value)
    ]
    return sides[-1] if sides else None


def _is_size(value: Any) -> bool:
    return isinstance(value, int) or (
        isinstance(value, (list, tuple))
        and len(value) > 0
        and all(isinstance(side, int) for side in value)
    )


def sizes_to_try(cfg: Config, size: int) -> list[int]:
    """Sides of the images to try in turn: classifiers are made for one size, the others mostly for any."""
    own, library = own_size(cfg), library_of(cfg, '')
    if library == 'mmpretrain':
        return [own or max(size, 224)]
    if library == 'mmseg':
        return list(dict.fromkeys((size, 2 * size, own or 512)))
    return list(dict.fromkeys((size, 2 * size, 320, 512)))


class CheckError(Exception):
    """Everything ran, but something is not as it must be."""


def _run(source: str, result: ZooResult, scale: int, method: str) -> None:
    torch.manual_seed(0)
    cfg = wrapped_config(source, scale, method)
    make_small(cfg, result.size)
    init_default_scope(cfg.default_scope)
    model: TaskDrivenSR = revert_sync_batchnorm(MODELS.build(cfg.model))
    result.model = type(model.task_net).__name__
    result.layers = list(model.default_layers)
    result.parameters = sum(p.numel() for p in model.task_net.parameters()) / 1e6
    for hook in cfg.get('custom_hooks', []):
        HOOKS.build({key: value for key, value in hook.items() if key != 'priority'})
    model.init_weights()
    check_train_step(model, cfg, result.size)
    check_eval_step(model, result.size)


def wrapped_config(source: str, scale: int = 4, method: str = 'sr4ir') -> Config:
    """The wrapped config of a zoo config, with a small EDSR, loaded from a file as a user's would be."""
    with tempfile.TemporaryDirectory() as folder:
        out = osp.join(folder, 'wrapped.py')
        # Methods that learn from a finished task network ask for its weights, which are left out before a step.
        wrapping = Wrapping(scale=scale, method=method, task_ckpt='task_net.pth')
        text = wrap_config(source, wrapping, out)
        with open(out, 'w', encoding='utf-8') as file:
            file.write(text)
        cfg = Config.fromfile(out)
    if cfg.model.get('sr_net') is not None:
        cfg.model.sr_net.update(mid_channels=8, num_blocks=1)
    return cfg


def make_small(cfg: Config, size: int) -> None:
    """Take out what needs files or an accelerator, and bring fixed image sizes down; the architecture stays.

    Args:
        cfg: A wrapped config, changed in place.
        size: Side of the images.
    """
    task_net = cfg.model.task_net
    cfg.model.pop('init_from', None)
    strip_weights(task_net)
    for wrapper in cfg.optim_wrapper.values():
        if torch.cuda.is_available() or not isinstance(wrapper, dict):
            continue
        if wrapper.get('type') == 'AmpOptimWrapper':
            wrapper.type = 'OptimWrapper'
            for key in ('loss_scale', 'dtype', 'use_fp16'):
                wrapper.pop(key, None)
    _fewer_proposals(task_net.get('train_cfg'))
    preprocessor = task_net.get('data_preprocessor') or {}
    if preprocessor.get('size') is not None:
        preprocessor.size = (size, size)
    if isinstance(preprocessor.get('batch_augments'), list):
        for augment in preprocessor.batch_augments:
            if 'size' in augment:
                augment.size = (size, size)
            if 'random_size_range' in augment:
                augment.random_size_range = (size, 2 * size)
    if (task_net.get('test_cfg') or {}).get('mode') == 'slide':
        task_net.test_cfg.crop_size = (size, size)
        task_net.test_cfg.stride = (2 * size // 3, 2 * size // 3)


def _fewer_proposals(cfg: Any) -> None:
    """Bring the numbers of regions of two-stage detectors down; on a CPU their heads would take minutes."""
    if isinstance(cfg, (list, tuple)):
        for item in cfg:
            _fewer_proposals(item)
    if not isinstance(cfg, dict):
        return
    for key, value in cfg.items():
        if key == 'max_per_img' or (key == 'num' and 'Sampler' in str(cfg.get('type'))):
            cfg[key] = min(value, _PROPOSALS)
        else:
            _fewer_proposals(value)


def strip_weights(cfg: Any) -> None:
    """Remove everything in a model config that would load a checkpoint."""
    if isinstance(cfg, list):
        for item in cfg:
            strip_weights(item)
    if not isinstance(cfg, dict):
        return
    for key in list(cfg):
        value = cfg[key]
        if key == 'init_cfg':
            items = value if isinstance(value, (list, tuple)) else [value]
            if any(isinstance(item, dict) and 'checkpoint' in item for item in items):
                cfg[key] = None
        elif key in ('pretrained', 'teacher_ckpt') and value:
            cfg[key] = False if value is True else None
        else:
            strip_weights(value)


def wants_masks(cfg: Any) -> bool:
    """Whether a training pipeline anywhere in a config loads masks or semantic maps."""
    if isinstance(cfg, dict):
        kind = str(cfg.get('type', ''))
        loads = kind.endswith('Annotations') and (
            cfg.get('with_mask') or cfg.get('with_seg') or 'Panoptic' in kind
        )
        return bool(loads) or any(wants_masks(value) for value in cfg.values())
    return isinstance(cfg, (list, tuple)) and any(wants_masks(item) for item in cfg)


# --------------------------------------------------------------------------------------------------- steps


def check_train_step(model: TaskDrivenSR, cfg: Config, size: int) -> None:
    """One alternate training step: both networks move, frozen parameters and flags do not, losses are finite."""
    wrappers = build_optim_wrapper(model, cfg.optim_wrapper)
    MessageHub.get_current_instance().update_info_dict(
        dict(iter=50, epoch=5, max_iters=100, max_epochs=10)
    )
    # A network may freeze parameters only when it is put into train mode.
    model.train()
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    trainable = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    batch = make_batch(
        model.task_net, [(size, size), (size, size)], masks=wants_masks(cfg.get('train_dataloader'))
    )
    logs = model.train_step(batch, wrappers)
    losses = {name: value for name, value in logs.items() if 'loss' in name}
    _expect(losses, 'the training step logs no losses')
    bad = [
        name for name, value in losses.items() if not torch.isfinite(torch.as_tensor(value)).all()
    ]
    _expect(not bad, f'losses {bad} are not finite')
    moved = {n for n, p in model.named_parameters() if not torch.equal(p.detach(), before[n])}
    for net in model.trained_nets():
        _expect(any(name.startswith(f'{net}.') for name in moved), f'{net} did not move')
    _expect(moved <= trainable, f'frozen parameters moved: {sorted(moved - trainable)[:3]}')
    after = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    _expect(after == trainable, f'requires_grad changed: {sorted(after ^ trainable)[:3]}')
    tdp = any('tdp' in phase.loss_names() for phase in model.phases)
    _expect(not tdp or float(logs['sr_net/loss_tdp']) > 0, 'the TDP loss is zero')


def check_eval_step(model: TaskDrivenSR, size: int) -> None:
    """One evaluation step on images of two shapes: predictions of the task's own type, finite, with images."""
    model.eval()
    library = task_library(model.task_net)
    sides = [(size, size)]
    if library == 'mmdet':
        # Not square, which finds swapped sides; a network that needed a larger size may be made for one size alone.
        sides = [(size, 3 * size // 4 if size <= 256 else size)]
    elif (
        library == 'mmseg'
        and (getattr(model.task_net, 'test_cfg', None) or {}).get('mode') == 'slide'
    ):
        sides = [(3 * size // 2, 3 * size // 2)]
    with torch.no_grad():
        samples = model.val_step(make_batch(model.task_net, sides, seed=1, training=False))
    for sample in samples:
        name = _SAMPLE_TYPES[library]
        _expect(
            type(sample).__name__ == name, f'predictions are {type(sample).__name__}, not {name}'
        )
        predictions = [
            sample.get(key) for key in _PREDICTIONS[library] if sample.get(key) is not None
        ]
        _expect(predictions, f'{name} holds no prediction')
        for tensor in _tensors(predictions):
            _expect(
                not tensor.is_floating_point() or torch.isfinite(tensor).all(),
                'predictions are not finite',
            )
        for key in ('sr_rgb01', 'hr_rgb01'):
            _expect(
                tuple(sample.get(key).shape) == (3, *sides[0]),
                f'{key} has shape {tuple(sample.get(key).shape)}',
            )


def _expect(condition: Any, problem: str) -> None:
    if not bool(condition):
        raise CheckError(problem)


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, (InstanceData, PixelData, BaseDataElement)):
        for item in value.values():
            yield from _tensors(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _tensors(item)


def _sentence(error: BaseException) -> str:
    if isinstance(error, (CheckError, UserError)):
        return ' '.join(str(error).split())
    return f'{type(error).__name__}: {" ".join(str(error).split())}'[:400]
