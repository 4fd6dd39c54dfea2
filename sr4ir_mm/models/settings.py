"""Arguments of the wrapper model, checked and completed."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress

import torch
from torch import nn

from sr4ir_mm.models.adapters import SpaceChange, TaskAdapter, TaskSpace, build_task_net
from sr4ir_mm.models.data_preprocessors import LRHRDataPreprocessor
from sr4ir_mm.models.discriminators import takes_features
from sr4ir_mm.models.losses import DistillLoss, TDPLoss
from sr4ir_mm.models.phases import KINDS, Phase
from sr4ir_mm.models.phases.context import default_feature_net
from sr4ir_mm.registry import MODELS
from sr4ir_mm.utils.errors import UserError

#: Arguments of LRHRDataPreprocessor that task libraries' preprocessors have, too, and those that the model gives.
_SHARED = {'non_blocking'}
_GIVEN = {'task_preprocessor', 'adapter', 'degradation', 'scale'}
_TEST_CFG = dict(input='hr', image=None, predict_task=True, coordinates='lr')


def sort_preprocessor(cfg: dict | None) -> tuple[dict, dict | None]:
    """Tell our own preprocessor arguments from a task library's preprocessor config."""
    cfg = dict(cfg or {})
    # mmpretrain writes its own without a type.
    arguments = set(inspect.signature(LRHRDataPreprocessor).parameters)
    ours = set(cfg) - {'type'} <= arguments
    unknown = sorted(set(cfg) - {'type'} - arguments)
    if 'type' not in cfg and unknown and set(cfg) & (arguments - _SHARED):
        raise UserError(
            f'data_preprocessor has unknown keys {unknown} beside those of LRHRDataPreprocessor; it takes '
            f"{sorted(arguments - _GIVEN)}, and the task network's own belong into model.task_net.data_preprocessor."
        )
    kind = cfg.get('type', 'LRHRDataPreprocessor' if ours else 'ClsDataPreprocessor')
    found = MODELS.get(kind) if isinstance(kind, str) and '.' in kind else kind
    name = getattr(found, '__name__', str(kind)).rpartition('.')[2]
    derived = inspect.isclass(found) and issubclass(found, LRHRDataPreprocessor)
    return (cfg, None) if derived or name == 'LRHRDataPreprocessor' else ({}, cfg)


def build_preprocessor(
    cfg: Mapping, task_net: nn.Module, adapter: nn.Module, degradation: Mapping | None, scale: int
) -> LRHRDataPreprocessor:
    """Build the data preprocessor, or the derived class that ``cfg`` names, around a task network's own."""
    parts = dict(
        task_preprocessor=task_net.data_preprocessor,
        adapter=adapter,
        degradation=degradation,
        scale=scale,
    )
    return MODELS.build({'type': 'sr4ir_mm.LRHRDataPreprocessor', **cfg, **parts})


def build_extractor(
    cfg: Mapping | str, task_net: nn.Module, adapter: TaskAdapter | None = None
) -> nn.Module:
    """Build the network whose features the TDP loss compares, if that is not the task network itself.

    Args:
        cfg: Model config of mmdet, mmseg or mmpretrain with ``_scope_``, or 'task_net' for another one like it. If it
            has a data preprocessor that normalises otherwise than the task network's, images are shown to it so;
            without one it sees the task network's inputs.
        task_net: The task network, built and not yet initialised.
        adapter: The task network's; knows its inputs.

    Raises:
        UserError: ``cfg`` is another word.
    """
    if cfg == 'task_net':
        return copy.deepcopy(task_net)
    if isinstance(cfg, str):
        raise UserError(
            f"model.extractor={cfg!r} is no network; give a model config, or 'task_net' for another like it."
        )
    extractor = build_task_net(cfg)
    if adapter is not None and cfg.get('data_preprocessor') is not None:
        order = 'bgr' if adapter.space.loads_bgr else 'rgb'
        change = SpaceChange(adapter.space, TaskSpace(extractor.data_preprocessor, order))
        if not change.is_none:
            extractor.from_task_space = change
    return extractor


def check_phases(
    phases: Iterable[Phase], nets: Mapping[str, nn.Module], train_input: str = 'hr'
) -> None:
    """Check that the phases fit the networks and one another.

    Raises:
        UserError: A phase needs a network or images that are not there, or two phases train the same network.
    """
    trained: dict[str, str] = {}
    for phase in phases:
        kind = type(phase).__name__
        if phase.needs_sr() and 'sr_net' not in nets:
            raise UserError(
                'A phase uses SR images but sr_net is None; set model.sr_net to an SR network.'
            )
        if phase.needs_discriminator() and 'discriminator' not in nets:
            raise UserError(
                f'{kind} has a real/fake loss but discriminator is None; set model.discriminator to '
                "dict(type='sr4ir_mm.RealFakeBranch')."
            )
        if phase.needs_extractor() and 'extractor' not in nets:
            raise UserError(
                f'{kind} distills or compares features of an extractor but model.extractor is None; set it to '
                "'task_net' and model.init_from.extractor to the weights of an HR-trained network."
            )
        unknown = sorted(set(phase.compared_nets()) - set(nets))
        if unknown:
            raise UserError(
                f"{kind} compares features of {unknown}, which the model does not have; tdp nets are 'task_net' and "
                "'extractor'."
            )
        if phase.needs_hr() and train_input == 'lr':
            raise UserError(
                f"{kind} needs HR images, but data_preprocessor.train_input='lr' trains on LR images alone; a "
                'TaskPhase on up or sr images is all that can learn from those.'
            )
        if 'discriminator' in phase.trains:
            _check_discriminator(phase, nets['discriminator'])
        if 'segmentation' in phase.loss_names() and not hasattr(nets['sr_net'], 'num_classes'):
            raise UserError(
                f'{kind} has a segmentation loss, but {type(nets["sr_net"]).__name__} has no segmentation layer; set '
                "model.sr_net to dict(type='sr4ir_mm.SharedDecoderNet', num_classes=...)."
            )
        for name in phase.trains:
            if name in trained:
                raise UserError(
                    f'The phases {trained[name]} and {kind} both train {name}, but an iteration makes one update of '
                    'each network; put their losses into one phase.'
                )
            trained[name] = kind
    if 'discriminator' in nets and 'discriminator' not in trained:
        raise UserError(
            'model.discriminator is set but no phase trains it; add an AdversarialTaskPhase or a DiscriminatorPhase, '
            'or set it to None.'
        )


def check_features(
    phases: Iterable[Phase],
    nets: Mapping[str, nn.Module],
    adapter: TaskAdapter,
    default_layers: Sequence[str],
) -> None:
    """Check that features which a loss compares exist, long before a loss that begins late asks for them.

    Networks that pass no plain image are left to tell it themselves.

    Raises:
        UserError: A layer does not exist, or a loss has not one weight a layer.
    """
    for phase in phases:
        criterion = phase.feature_loss()
        if criterion is None:
            continue
        if criterion.layers:
            for net in _compared(criterion, nets):
                with suppress(RuntimeError), torch.random.fork_rng(devices=[]):
                    adapter.probe(net, criterion.layers)
        elif criterion.weights is not None and len(criterion.weights) != len(default_layers):
            raise UserError(
                f'{type(criterion).__name__} has {len(criterion.weights)} weights for the {len(default_layers)} layers '
                f'that it compares by default, {list(default_layers)}; give one weight a layer.'
            )


def _compared(criterion: TDPLoss, nets: Mapping[str, nn.Module]) -> list[nn.Module]:
    if isinstance(criterion, DistillLoss):
        return [nets['task_net'], nets['extractor']]
    names = criterion.nets or [default_feature_net(nets)]
    return [nets[name] for name in names]


def _check_discriminator(phase: Phase, discriminator: nn.Module) -> None:
    """Check that a discriminator takes what a phase shows it: features if the task network is trained with it."""
    shown = 'features' if 'task_net' in phase.trains else 'images'
    taken = 'features' if discriminator.layers else 'images'
    if shown != taken:
        raise UserError(
            f'{type(phase).__name__} shows {shown} to the discriminator, but {type(discriminator).__name__} takes '
            f'{taken}; use sr4ir_mm.RealFakeBranch with AdversarialTaskPhase, sr4ir_mm.ImageDiscriminator with '
            'DiscriminatorPhase.'
        )


def check_init_from(init_from: Collection[str], nets: Collection[str]) -> None:
    """Check that ``init_from`` names networks that are there.

    Raises:
        UserError: It names another.
    """
    unknown = sorted(set(init_from) - set(nets))
    if unknown:
        raise UserError(f'init_from names {unknown}, but this model has {list(nets)}.')


def check_lender(cfg: Mapping) -> None:
    """Check that a network which only lends features or losses has weights to lend them from.

    Args:
        cfg: The whole config of a training.

    Raises:
        UserError: It would stay as random as it was made.
    """
    model = cfg.get('model') or {}
    phases = [MODELS.build(dict(phase)) for phase in model.get('phases') or ()]
    features = 'extractor' if model.get('extractor') is not None else 'task_net'
    judge = 'task_net' if takes_features(model.get('discriminator') or {}) else None
    for loss, lender in (
        ('tdp', features),
        ('distill', 'extractor'),
        ('task', 'task_net'),
        ('adversarial', judge),
    ):
        starts = [_begin(phase, loss) for phase in phases if loss in phase.loss_names()]
        trained_from = [_begin(phase) for phase in phases if lender in phase.trains]
        if not lender or not starts or min(trained_from, default=1.0) <= min(starts):
            continue
        if not _has_weights(cfg, lender):
            raise UserError(
                f'no phase trains {lender} by then and nothing loads weights into it, so its {loss} loss would be that '
                f"of a random network; set model.init_from.{lender} to its weights, or to 'random' if that is meant."
            )


def _begin(phase: Phase, loss: str | None = None) -> float:
    """Share of training after which a phase, or one of its losses, begins."""
    return max(phase.begin, phase.begins.get(loss, 0.0))


def _has_weights(cfg: Mapping, name: str) -> bool:
    """Whether anything loads weights into a network."""
    net = cfg['model'].get(name)
    net = net if isinstance(net, Mapping) else {}
    pretrained = net.get('init_cfg') or (
        # The task network's backbone alone would leave its head random, which lends losses.
        name == 'extractor' and (net.get('backbone') or {}).get('init_cfg')
    )
    given = (cfg['model'].get('init_from') or {}).get(name)
    return bool(given or cfg.get('load_from') or cfg.get('resume') or pretrained)


def check_test_cfg(cfg: Mapping | None, has_sr: bool) -> dict:
    """Complete ``test_cfg``.

    Raises:
        UserError: Unknown keys, or an image kind that cannot be shown.
    """
    unknown = sorted(set(cfg or {}) - set(_TEST_CFG))
    if unknown:
        raise UserError(f'test_cfg has unknown keys {unknown}; it takes {sorted(_TEST_CFG)}.')
    merged = {**_TEST_CFG, **(cfg or {})}
    merged['image'] = merged['image'] or ('sr' if has_sr else 'up')
    if merged['image'] not in KINDS[:3] or (merged['image'] == 'sr' and not has_sr):
        raise UserError(
            f"test_cfg.image={merged['image']!r} cannot be shown; choose 'hr', 'up' or, with an sr_net, 'sr'."
        )
    return merged
