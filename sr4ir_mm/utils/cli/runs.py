"""The Runner and what the command line changes about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.kinds import class_name

if TYPE_CHECKING:
    from mmengine.config import Config
    from mmengine.runner import Runner


def set_seed(cfg: Config, seed: int | None) -> None:
    """Set the seed and keep the other settings of ``randomness``."""
    if seed is not None:
        cfg.setdefault('randomness', {})
        cfg.randomness = {**(cfg.randomness or {}), 'seed': seed}


def set_show_dir(cfg: Config, show_dir: str | None) -> None:
    """Have the test images drawn: LR, upsampled, SR and HR beside each other, with predictions.

    Args:
        cfg: Changed in place: ``custom_hooks`` gets an SRVisualizationHook, or the one there is
            set to this folder.
        show_dir: Folder of the pictures; None draws nothing.
    """
    if show_dir is None:
        return
    hooks = list(cfg.get('custom_hooks') or [])
    drawing = [hook for hook in hooks if class_name(hook) == 'SRVisualizationHook']
    if not drawing:
        drawing = [{'type': 'sr4ir_mm.SRVisualizationHook'}]
        hooks += drawing
    # All images unless the config says how many, as --show-dir does elsewhere in OpenMMLab.
    drawing[0].setdefault('max_images', None)
    drawing[0].update(draw_test=True, out_dir=show_dir)
    cfg.custom_hooks = hooks


def set_train_loop(cfg: Config) -> None:
    """Replace mmengine's training loops by the package's, which can stop and go on at any iteration.

    Args:
        cfg: Changed in place; a loop of another kind is kept.
    """
    settings = cfg.get('train_cfg')
    if not settings:
        return
    by_epoch = settings.get('by_epoch', True)
    usual = 'EpochBasedTrainLoop' if by_epoch else 'IterBasedTrainLoop'
    name = class_name(settings.get('type', usual))
    ours = {
        'EpochBasedTrainLoop': 'sr4ir_mm.EpochLoop',
        'IterBasedTrainLoop': 'sr4ir_mm.IterLoop',
    }
    if name in ours:
        settings.pop('by_epoch', None)
        settings['type'] = ours[name]


def set_checkpoint_hook(cfg: Config) -> None:
    """Replace mmengine's checkpoint hook, the default too, by the package's, which saves at a signal.

    Args:
        cfg: Changed in place; a hook of another kind, or None for no hook, is kept.
    """
    hooks = dict(cfg.get('default_hooks') or {})
    hook = hooks.get('checkpoint', {'type': 'CheckpointHook'})
    if class_name(hook or {}) == 'CheckpointHook':
        cfg.default_hooks = {**hooks, 'checkpoint': {**hook, 'type': 'sr4ir_mm.TaskCheckpointHook'}}


def set_workers(cfg: Config) -> None:
    """Let loaders whose workers persist load without any, too (``num_workers=0``), which torch refuses.

    Args:
        cfg: Changed in place.
    """
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        loader = cfg.get(name)
        if isinstance(loader, dict) and not loader.get('num_workers'):
            loader.pop('persistent_workers', None)


def check_strategy(cfg: Config) -> None:
    """Refuse strategies that wrap the model as a whole (FSDP, DeepSpeed, ColossalAI), their runner, and compilation.

    Their wrappers run ``forward(mode='loss')`` and one update, where this model runs its phases, each with an update of
    its own networks. mmengine's ``FlexibleRunner`` fails where schedules are given by network, whatever its strategy.

    Raises:
        UserError: The config asks for one.
    """
    parts = (cfg.get('strategy'), cfg.get('model_wrapper_cfg'))
    kinds = [str(part.get('type')) for part in parts if part]
    for kind in kinds:
        if any(name in kind for name in ('FSDP', 'FullySharded', 'DeepSpeed', 'Colossal')):
            raise UserError(
                f'{kind} shards the model as one network with one update, but this one trains its networks in turn; '
                "use model_wrapper_cfg=dict(type='MMSeparateDistributedDataParallel') and, for memory, "
                'sr4ir_mm.ActivationCheckpointHook, --amp or smaller batches with accumulative_counts.'
            )
    if cfg.get('strategy') or str(cfg.get('runner_type')).endswith('FlexibleRunner'):
        raise UserError(
            f'runner_type={cfg.get("runner_type")!r} prepares one optimizer and one schedule, but each network of '
            'this model has its own; leave runner_type and strategy out.'
        )
    if cfg.get('compile'):
        raise UserError(
            f'compile={cfg.compile!r} would compile the training step with its updates, which torch cannot; leave it '
            'out and train with --compile, which compiles the networks.'
        )


def build_runner(cfg: Config) -> Runner:
    """Build the Runner of a config, or the class that its ``runner_type`` names."""
    from mmengine.registry import RUNNERS
    from mmengine.runner import Runner

    check_strategy(cfg)
    set_train_loop(cfg)
    set_checkpoint_hook(cfg)
    set_workers(cfg)
    return RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)
