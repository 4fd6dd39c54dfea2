"""What the command line changes about the optimizers: precision, batch, learning rates."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.kinds import class_name

if TYPE_CHECKING:
    from mmengine.config import Config


#: Settings of one optimizer wrapper.
_OF_ONE_WRAPPER = {
    'accumulative_counts',
    'clip_grad',
    'dtype',
    'loss_scale',
    'paramwise_cfg',
    'type',
}


def optim_wrappers(cfg: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the optimizer wrappers of a config, each with its key.

    Args:
        cfg: The whole config. ``optim_wrapper`` is one wrapper, or one a child network beside
            settings such as ``constructor``.

    Yields:
        Key such as ``'optim_wrapper.sr_net'`` and that wrapper's config, which can be changed.
    """
    wrapper = cfg.get('optim_wrapper') or {}
    if 'optimizer' in wrapper:
        yield 'optim_wrapper', wrapper
        return
    for name, value in wrapper.items():
        if isinstance(value, dict):
            yield f'optim_wrapper.{name}', value


def check_optimizers(cfg: Mapping[str, Any]) -> None:
    """Check that the networks have optimizers of their own, and these their settings.

    A config that inherits from a zoo's has that one's single optimizer, which would fail in the first iteration.

    Args:
        cfg: The config; one of another model than :class:`TaskDrivenSR` is left alone.

    Raises:
        UserError: There is one optimizer for the whole model, or a setting of one stands beside them.
    """
    if 'phases' not in (cfg.get('model') or {}):
        return
    wrapper = {k: v for k, v in (cfg.get('optim_wrapper') or {}).items() if v is not None}
    if 'optimizer' in wrapper:
        raise UserError(
            'optim_wrapper.optimizer is one for the whole model, but its networks are trained in turn; give each its '
            'own, such as optim_wrapper.task_net.optimizer, and set optim_wrapper.constructor to '
            'sr4ir_mm.SeparateOptimWrapperConstructor.'
        )
    misplaced = sorted(_OF_ONE_WRAPPER & set(wrapper))
    if misplaced:
        raise UserError(
            f'optim_wrapper has {misplaced} beside the optimizers of the networks; move it into optim_wrapper.sr_net '
            'or .task_net.'
        )


def check_scheduler_names(cfg: Config) -> None:
    """Check that schedulers given by name belong to the optimizers given by name.

    mmengine answers a missing name with a bare ``KeyError`` and ignores a surplus one.

    Args:
        cfg: The config; a list of schedulers, which applies to every optimizer, is fine.

    Raises:
        UserError: The names differ.
    """
    schedulers = cfg.get('param_scheduler')
    if not isinstance(schedulers, Mapping) or 'type' in schedulers or not schedulers:
        return
    names = sorted(name.rpartition('.')[2] for name, _ in optim_wrappers(cfg))
    if sorted(schedulers) != names:
        raise UserError(
            f'param_scheduler configures {sorted(schedulers)}, optim_wrapper {names}; give each '
            'trained network its own list of schedulers, or one list for all.'
        )


def enable_amp(cfg: Config) -> None:
    """Turn each optimizer wrapper of a config into its mixed-precision counterpart.

    Args:
        cfg: Changed in place: type ``MixedPrecisionOptimWrapper``, float16 with a dynamic loss scale (one that is
            set is kept) on accelerators, bfloat16 on the CPU.

    Raises:
        UserError: No optimizer, or a wrapper that has no such counterpart.
    """
    wrappers = list(optim_wrappers(cfg))
    if not wrappers:
        raise UserError('--amp finds no optimizer in optim_wrapper of the config; add one.')
    for where, wrapper in wrappers:
        name = class_name(wrapper.get('type', 'OptimWrapper'))
        if name not in ('OptimWrapper', 'AmpOptimWrapper'):
            raise UserError(
                f'--amp cannot change {where}.type={name}, only OptimWrapper; set its mixed '
                'precision in the config.'
            )
        wrapper['type'] = 'sr4ir_mm.MixedPrecisionOptimWrapper'
        wrapper.setdefault('loss_scale', 'dynamic')


#: How the learning rate follows the batch size, by optimizer; others are the user's to decide.
_LINEAR = ('SGD',)
_SQUARE_ROOT = ('Adam', 'AdamW', 'NAdam', 'RAdam', 'Adamax', 'RMSprop', 'Lamb')


def divide_batch(cfg: Config, world_size: int, options: Mapping[str, Any] | None = None) -> None:
    """Divide the paper's batch, which ``global_batch_size`` states for all processes together, among them.

    A config whose ``train_dataloader.batch_size`` is another number has been changed by its user, and keeps that number
    for each process, as everywhere in OpenMMLab; so does one whose number was given on the command line.

    Args:
        cfg: Changed in place.
        world_size: Number of processes.
        options: Keys with dots that were merged into the config, see :func:`load_config`.

    Raises:
        UserError: The batch cannot be divided.
    """
    total, loader = cfg.get('global_batch_size'), cfg.get('train_dataloader')
    if total is None or not loader or loader.get('batch_size') != total:
        return
    if 'train_dataloader.batch_size' in (options or {}):
        return
    if total % world_size:
        raise UserError(
            f'global_batch_size={total} cannot be divided among {world_size} processes; take a number of processes '
            'that divides it, or give each its own with --cfg-options train_dataloader.batch_size=N.'
        )
    loader.batch_size = total // world_size


def batch_of_all(cfg: Mapping[str, Any], world_size: int) -> int:
    """Images of one update: those of all processes, over accumulated iterations."""
    counts = [wrapper.get('accumulative_counts', 1) for _, wrapper in optim_wrappers(cfg)]
    return cfg['train_dataloader']['batch_size'] * world_size * max(counts, default=1)


def scale_learning_rates(cfg: Config, world_size: int) -> None:
    """Scale each learning rate to the actual batch, by its own optimizer's rule.

    In proportion for SGD (Goyal et al., 2017), by the square root for Adam and its kin (Malladi et al., 2022).
    mmengine's own switch, which would scale all in proportion, is set off.

    Args:
        cfg: Changed in place.
        world_size: Number of processes.

    Raises:
        UserError: The config does not say for which batch size its rates are, or an optimizer has no rule.
    """
    settings = cfg.get('auto_scale_lr')
    if not isinstance(settings, Mapping) or not isinstance(settings.get('base_batch_size'), int):
        raise UserError(
            '--auto-scale-lr needs the batch size that the learning rates are meant for, and '
            f'auto_scale_lr={settings!r} names none; add auto_scale_lr=dict(base_batch_size=16).'
        )
    cfg.auto_scale_lr.enable = False
    ratio = batch_of_all(cfg, world_size) / settings['base_batch_size']
    for where, wrapper in optim_wrappers(cfg):
        optimizer = wrapper['optimizer']
        name = class_name(optimizer)
        if name not in _LINEAR + _SQUARE_ROOT:
            raise UserError(
                f'--auto-scale-lr knows no rule for {where}.optimizer.type={name}, only for '
                f'{", ".join(_LINEAR + _SQUARE_ROOT)}; set its learning rate by hand.'
            )
        optimizer['lr'] *= ratio if name in _LINEAR else math.sqrt(ratio)


def tell_batch(cfg: Mapping[str, Any], world_size: int) -> str:
    """The batch of an update and the rates that a training starts with, for the log."""
    own = cfg['train_dataloader']['batch_size']
    total = batch_of_all(cfg, world_size)
    counts = total // (own * world_size)
    rates = {
        where.rpartition('.')[2]: wrapper['optimizer']['lr']
        for where, wrapper in optim_wrappers(cfg)
        if 'lr' in wrapper['optimizer']
    }
    meant = (cfg.get('auto_scale_lr') or {}).get('base_batch_size')
    of_resumed = ' before the checkpoint is loaded, whose own hold' if cfg.get('resume') else ''
    note = '' if meant in (None, total) else f'; the rates were meant for batches of {meant}'
    return (
        f'Global batch: {total} images = {own} an iteration x {world_size} processes x {counts} accumulated. Learning '
        f'rates{of_resumed}: {", ".join(f"{name} {rate:g}" for name, rate in rates.items())}{note}.'
    )
