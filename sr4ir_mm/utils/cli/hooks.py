"""Hooks of the task libraries that this model cannot have, or has inside another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.kinds import class_name

#: They look for parts of the task network in the Runner's model, where they fail late or set what nothing reads.
_OF_TASK_NET = (
    'SetAdaptiveMarginsHook',
    'SetEpochInfoHook',
    'SwitchRecipeHook',
    'YOLOXModeSwitchHook',
)
#: It takes the statistics of batch norms of HR images, where the task network is shown SR images.
OUT_OF_PLACE = 'PreciseBNHook'


def check_hooks(cfg: Mapping[str, Any]) -> None:
    """Check that the hooks of a config reach what they are to change.

    Args:
        cfg: The config; one of another model than :class:`TaskDrivenSR` is left alone.

    Raises:
        UserError: One would do nothing, or something else than it says.
    """
    if 'phases' not in (cfg.get('model') or {}):
        return
    for hook in cfg.get('custom_hooks') or ():
        name = hook_name(hook)
        inner = hook_name(hook['hook']) if name == 'TaskModelHook' else name
        if inner == OUT_OF_PLACE:
            raise UserError(
                f'{OUT_OF_PLACE} takes the statistics of batch norms of HR images, or outside a TaskModelHook of none, '
                'but the task network is shown SR images; leave it out of custom_hooks.'
            )
        if name in _OF_TASK_NET:
            raise UserError(
                f'custom_hooks has {name}, which looks for the task network where the model of both networks is; write '
                f"dict(type='sr4ir_mm.TaskModelHook', hook=dict(type='{name}', ...)) instead."
            )


def hook_name(hook: Any) -> str:
    """Name of a hook's class, of its config or built."""
    return class_name(hook if isinstance(hook, Mapping) else type(hook))
