"""Whether a checkpoint belongs to the run that loads it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from mmengine.model import BaseTTAModel
from mmengine.optim import OptimWrapperDict
from mmengine.runner import Runner
from torch import Tensor, nn

from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.modules import unwrap

_SHOWN = 3


def check_resumed(runner: Runner, checkpoint: Mapping) -> None:
    """Check that a run can go on from a checkpoint as if it had never stopped.

    mmengine loads what fits and says the rest in a long warning, and a network without its weights, or an optimizer
    without its state, goes on.

    Raises:
        UserError: It is of another model, or has other optimizers.
    """
    _check_weights(runner, checkpoint, 'go on from the checkpoint of this config, or start anew')
    saved = checkpoint.get('optimizer')
    if saved is None:
        raise UserError(
            f'the checkpoint {runner._load_from} holds no optimizer, so no run can go on from it; start from its '
            'weights with --cfg-options load_from=PATH instead of --resume.'
        )
    ours, theirs = _optimizers(runner.optim_wrapper), _optimizers(saved)
    if ours.keys() != theirs.keys():
        raise UserError(
            f'the checkpoint {runner._load_from} holds optimizers of {_named(theirs)}, but this config trains '
            f'{_named(ours)}; go on with the config it was made with, or start from its weights with '
            '--cfg-options load_from=PATH instead of --resume.'
        )
    for name, sizes in ours.items():
        if sizes != theirs[name]:
            raise UserError(
                f"the checkpoint's optimizer{f' of {name}' if name else ''} has {theirs[name]} tensors a group, this "
                f"config's {sizes}; go on with the config it was made with, or start from its weights with "
                '--cfg-options load_from=PATH instead of --resume.'
            )


def check_tested(runner: Runner, checkpoint: Mapping) -> None:
    """Check that a checkpoint fills the model that is tested.

    Raises:
        UserError: It is of another model.
    """
    _check_weights(runner, checkpoint, 'test it with the config it was made with')


def other_schedules(runner: Runner, checkpoint: Mapping) -> list[str]:
    """Sentences on the schedules of the config that a resumed run does not follow, since the checkpoint has its own.

    mmengine takes over the whole state of each scheduler, its length included, without a word: a run that is resumed
    with more epochs ends at the rate at which the shorter one would have ended.
    """
    ours = _by_network(runner.param_schedulers)
    theirs = _by_network(checkpoint.get('param_schedulers'))
    differences = []
    for name in sorted(set(ours) & set(theirs)):
        found, wanted = len(theirs[name]), len(ours[name])
        if found != wanted:
            of = f' of {name}' if name else ''
            differences.append(
                f'it has {found} schedulers{of}, not {wanted} (one more counts from 0)'
            )
        for scheduler, saved in zip(ours[name], theirs[name], strict=False):
            differences += _differences(scheduler, saved)
    if not differences:
        return []
    return [
        f"the checkpoint's schedules hold, not the config's: {'; '.join(dict.fromkeys(differences))}; to train by "
        'another schedule, start from its weights with --cfg-options load_from=PATH instead of --resume.'
    ]


def _by_network(schedulers: Any) -> Mapping[str, Sequence[Any]]:
    """Schedulers by the name of their network, '' for those of a lone optimizer."""
    return schedulers if isinstance(schedulers, Mapping) else {'': schedulers or []}


def _differences(scheduler: Any, saved: Mapping[str, Any]) -> Iterator[str]:
    """What a saved scheduler is set to otherwise."""
    for key, value in scheduler.state_dict().items():
        if _is_setting(key) and key in saved and saved[key] != value:
            yield f'{type(scheduler).__name__}.{key} is {saved[key]}, not {value}'


def _is_setting(key: str) -> bool:
    return not key.startswith('_') and key not in ('base_values', 'last_step', 'verbose')


def check_started(runner: Runner, checkpoint: Mapping) -> None:
    """Check that a checkpoint which a training starts from holds anything of its model.

    mmengine warns and trains from nothing, such as where ``load_from`` is inherited from the task network's own config.

    Raises:
        UserError: No tensor fits.
    """
    own = {name: value.shape for name, value in unwrap(runner.model).state_dict().items()}
    saved = _shapes(checkpoint)
    if not any(own.get(name) == shape for name, shape in saved.items()):
        raise UserError(
            f'load_from={runner._load_from} fills nothing of this model: it holds {_list(saved)}, the model '
            f'{_list(own)}; name the weights of one network in model.init_from instead, and set load_from to None.'
        )


def _check_weights(runner: Runner, checkpoint: Mapping, advice: str) -> None:
    model = unwrap(runner.model)
    # mmengine loads past augmentations at test time as past distributed wrappers.
    model = unwrap(model.module) if isinstance(model, BaseTTAModel) else model
    state = model.state_dict(keep_vars=True)
    own = {name: value for name, value in state.items() if isinstance(value, nn.Parameter)}
    shapes = _shapes(checkpoint)
    missing = [name for name in own if name not in shapes]
    other = [n for n, v in own.items() if n in shapes and shapes[n] != tuple(v.shape)]
    if missing or other:
        what = f'lacks {_list(missing)}' if missing else f'has other shapes of {_list(other)}'
        raise UserError(
            f'the checkpoint {runner._load_from} is of another config: it {what}; {advice}.'
        )


def _shapes(checkpoint: Mapping) -> dict[str, tuple[int, ...]]:
    """Tensor -> shape, by the names of a model without a wrapper."""
    saved: Mapping[str, Tensor] = checkpoint.get('state_dict', checkpoint)
    return {
        name.removeprefix('module.'): tuple(getattr(value, 'shape', ()))
        for name, value in saved.items()
    }


def _list(names: Collection[str]) -> str:
    shown = ', '.join(sorted(names)[:_SHOWN])
    return f'{len(names)} tensors such as {shown}'


def _optimizers(wrapper: Any) -> dict[str, list[int]]:
    """Network ('' for a lone optimizer) -> number of tensors of each parameter group."""
    if isinstance(wrapper, OptimWrapperDict):
        return {
            name: [len(group['params']) for group in own.param_groups]
            for name, own in wrapper.items()
        }
    if not isinstance(wrapper, Mapping):
        return {'': [len(group['params']) for group in wrapper.param_groups]}
    states = {'': wrapper} if 'param_groups' in wrapper else wrapper
    return {
        name: [len(group['params']) for group in state['param_groups']]
        for name, state in states.items()
    }


def _named(optimizers: Mapping[str, list[int]]) -> str:
    return ', '.join(sorted(optimizers)) if '' not in optimizers else 'one network'
