"""Run a task library's hook on the task network instead of the wrapper model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import nn

from sr4ir_mm.registry import HOOKS
from sr4ir_mm.utils.modules import unwrap


class TaskRunner:
    """A Runner whose ``model`` is the task network; everything else, also what is set, is the Runner's own."""

    def __init__(self, runner: Runner) -> None:
        object.__setattr__(self, '_runner', runner)

    @property
    def model(self) -> nn.Module:
        """The task network, in its distributed wrapper if it has one."""
        return unwrap(self._runner.model).task_net

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runner, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._runner, name, value)


@HOOKS.register_module()
class TaskModelHook(Hook):
    """Show a hook the task network where it looks for ``runner.model``.

    Hooks of mmdet, mmseg and mmpretrain expect their own model at the root: ``runner.model.bbox_head``,
    ``runner.model.data_preprocessor``. Wrapped, they find it, in distributed training too. Hooks that keep or edit
    whole checkpoints (``EMAHook``) belong on the whole model and need no wrapper.

    Args:
        hook: Config of the hook, or a built one. Its priority is kept.
        priority: Set by mmengine; the wrapped hook's by default.

    Config::

        custom_hooks = [dict(type='sr4ir_mm.TaskModelHook', hook=dict(type='YOLOXModeSwitchHook', num_last_epochs=15))]
    """

    def __init__(self, hook: dict | Hook, priority: str | int | None = None) -> None:
        if not isinstance(hook, Hook):
            hook = dict(hook)
            priority = hook.pop('priority', None) if priority is None else priority
            hook = HOOKS.build(hook)
        self.hook = hook
        self.priority = hook.priority if priority is None else priority

    def get_triggered_stages(self) -> list[str]:
        """Stages at which the wrapped hook does anything."""
        return self.hook.get_triggered_stages()


def _forward(stage: str) -> Callable[..., None]:
    """A method that hands one stage on to the wrapped hook."""

    def call(self: TaskModelHook, runner: Runner, *args: Any, **kwargs: Any) -> None:
        getattr(self.hook, stage)(TaskRunner(runner), *args, **kwargs)

    call.__name__ = stage
    call.__doc__ = f"""The wrapped hook's ``{stage}``."""
    return call


for _stage in Hook.stages:
    setattr(TaskModelHook, _stage, _forward(_stage))
