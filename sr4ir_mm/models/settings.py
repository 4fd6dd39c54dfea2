"""Arguments of the wrapper model, checked and completed."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterable, Mapping

from torch import nn

from sr4ir_mm.models.data_preprocessors import LRHRDataPreprocessor
from sr4ir_mm.models.phases import KINDS, Phase
from sr4ir_mm.registry import MODELS
from sr4ir_mm.utils.errors import UserError

_TEST_CFG = dict(input='hr', image=None, predict_task=True, coordinates='lr')


def sort_preprocessor(cfg: dict | None) -> tuple[dict, dict | None]:
    """Tell our own preprocessor arguments from a task library's preprocessor config."""
    cfg = dict(cfg or {})
    # mmpretrain writes its own without a type.
    ours = set(cfg) - {'type'} <= set(inspect.signature(LRHRDataPreprocessor).parameters)
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


def check_phases(phases: Iterable[Phase], nets: Collection[str], train_input: str = 'hr') -> None:
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
        if phase.needs_hr() and train_input == 'lr':
            raise UserError(
                f"{kind} needs HR images, but data_preprocessor.train_input='lr' trains on LR images alone; a "
                'TaskPhase on up or sr images is all that can learn from those.'
            )
        for name in phase.trains:
            if name in trained:
                raise UserError(
                    f'The phases {trained[name]} and {kind} both train {name}, but an iteration makes one update of '
                    'each network; put their losses into one phase.'
                )
            trained[name] = kind


def check_init_from(init_from: Collection[str], nets: Collection[str]) -> None:
    """Check that ``init_from`` names networks that are there.

    Raises:
        UserError: It names another.
    """
    unknown = sorted(set(init_from) - set(nets))
    if unknown:
        raise UserError(f'init_from names {unknown}, but this model has {list(nets)}.')


def check_lender(cfg: Mapping) -> None:
    """Check that a task network which only lends features or losses has weights to lend them from.

    Args:
        cfg: The whole config of a training.

    Raises:
        UserError: It would stay as random as it was made.
    """
    model = cfg.get('model') or {}
    phases = [MODELS.build(dict(phase)) for phase in model.get('phases') or ()]
    if any('task_net' in phase.trains for phase in phases):
        return
    lends = [name for phase in phases for name in phase.loss_names() if name in ('tdp', 'task')]
    pretrained = (model.get('task_net') or {}).get('init_cfg') or {}
    given = (model.get('init_from') or {}).get('task_net') or cfg.get('load_from')
    if lends and not (given or cfg.get('resume') or pretrained):
        raise UserError(
            f'no phase trains task_net and nothing loads weights into it, so its {lends[0]} loss would be that of a '
            "random network; set model.init_from.task_net to its weights, or to 'random' if that is meant."
        )


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
