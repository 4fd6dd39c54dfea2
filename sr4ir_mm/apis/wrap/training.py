"""How the networks of a wrapped config are trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mmengine.hooks

from sr4ir_mm.apis.config_text import Code
from sr4ir_mm.apis.wrap.part import Part
from sr4ir_mm.utils.cli.hooks import OUT_OF_PLACE, hook_name
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.kinds import class_name

_SR_OPTIMIZER = dict(type='AdamW', lr=1e-4, weight_decay=0.0)
# Hooks of the task libraries that read the runner, the batch or the outputs, not the model's attributes, or that keep
# whole checkpoints: they belong on the whole model. All others get to see the task network.
_ROOT_HOOKS = {
    'CheckInvalidLossHook',
    'DetVisualizationHook',
    'MemoryProfilerHook',
    'NumClassCheckHook',
    'PipelineSwitchHook',
    'PushDataInfoToMessageHubHook',
    'SegVisualizationHook',
    'SyncNormHook',
    'VisualizationHook',
    *mmengine.hooks.__all__,
}


class TrainingPart(Part):
    """Optimizers, schedules and hooks: the zoo config's for the task network, our own for the others."""

    def build(self) -> dict[str, Any]:
        """See :meth:`Part.build`."""
        return {
            'optim_wrapper': self.optimizers(),
            'param_scheduler': self.schedulers(),
            'model_wrapper_cfg': self.model_wrapper(),
            'custom_hooks': self.hooks(),
            **self.default_hooks(),
            **self.batch_sampler(),
            **({'load_from': None} if self.base.get('load_from') else {}),
        }

    def optimizers(self) -> dict[str, Any]:
        """The zoo config's wrapper for the task network, AdamW for the others, all accumulating alike."""
        theirs = self.base.get('optim_wrapper') or {}
        wrappers: dict[str, Any] = self.replacing('optim_wrapper')
        wrappers['constructor'] = 'sr4ir_mm.SeparateOptimWrapperConstructor'
        for name in self.method.trained_nets():
            if name == 'task_net':
                if 'optimizer' not in theirs:
                    raise UserError(
                        f'{self.source} has no optim_wrapper.optimizer to train the task network with; add one.'
                    )
                wrappers[name] = Code('_base_.optim_wrapper')
                continue
            wrappers[name] = dict(self.precision(name), optimizer=dict(_SR_OPTIMIZER))
            if theirs.get('accumulative_counts', 1) > 1:
                wrappers[name]['accumulative_counts'] = Code(
                    '_base_.optim_wrapper.accumulative_counts'
                )
        return wrappers

    def precision(self, name: str) -> dict[str, Any]:
        """Type and loss scale of a wrapper of ours: the zoo config's own where the task network shares its backward
        pass.
        """
        theirs = self.base.get('optim_wrapper') or {}
        if not any({name, 'task_net'} <= set(phase.trains) for phase in self.method.built_phases()):
            return dict(type='OptimWrapper')
        shared = {key: theirs[key] for key in ('loss_scale', 'dtype') if key in theirs}
        return dict(type=theirs.get('type', 'OptimWrapper'), **shared)

    def schedulers(self) -> dict[str, Any]:
        """The zoo config's list for the task network, a cosine for the others.

        A task network that rests at first gets a cosine over its share, too: the warm-up and milestones of the zoo
        config's own schedule would pass while it rests.
        """
        schedulers: dict[str, Any] = self.replacing('param_scheduler')
        for name in self.method.trained_nets():
            learns = [phase for phase in self.method.built_phases() if name in phase.trains]
            begin = min(phase.begin for phase in learns)
            end = max(phase.end for phase in learns)
            if name != 'task_net':
                schedulers[name] = [self._cosine(0.0, end)]
            elif begin > 0:
                schedulers[name] = [self._cosine(begin, end)]
            else:
                schedulers[name] = (
                    Code('_base_.param_scheduler') if self.base.get('param_scheduler') else []
                )
        return schedulers

    def _cosine(self, begin: float, end: float) -> dict[str, Any]:
        """Over the training, or over a share of it."""
        train_cfg = self.base.get('train_cfg') or {}
        length = next((name for name in ('max_iters', 'max_epochs') if name in train_cfg), None)
        if length is None:
            raise UserError(
                f'{self.source} says neither train_cfg.max_epochs nor max_iters; add one.'
            )
        units = dict(by_epoch=False)
        if length == 'max_epochs':
            units = dict(by_epoch=True, convert_to_iter_based=True)
        cosine = dict(type='CosineAnnealingLR', T_max=Code(f'_base_.train_cfg.{length}'))
        if (begin, end) != (0.0, 1.0):
            cosine = dict(type='sr4ir_mm.SpanCosineLR', span=(begin, end))
        return {**cosine, 'eta_min': 1e-6, **units}

    def model_wrapper(self) -> dict[str, Any]:
        """Each trained network wrapped for itself, as several optimizers need."""
        wrapper = self.replacing('model_wrapper_cfg')
        unused = bool(self.base.get('find_unused_parameters', False))
        unused = unused or bool(
            (self.base.get('model_wrapper_cfg') or {}).get('find_unused_parameters', False)
        )
        return {
            **wrapper,
            'type': 'MMSeparateDistributedDataParallel',
            'broadcast_buffers': False,
            'find_unused_parameters': unused,
        }

    def hooks(self) -> list[Any]:
        """The zoo config's hooks, those that expect the task model redirected, and ours."""
        theirs = self.base.get('custom_hooks') or []
        needs = [_expects_task_model(hook) for hook in theirs]
        hooks: list[Any] = []
        if theirs and not any(needs):
            hooks.append(Code('*_base_.custom_hooks'))
        elif theirs:
            for index, redirected in enumerate(needs):
                if hook_name(theirs[index]) == OUT_OF_PLACE:
                    continue
                hook = Code(f'_base_.custom_hooks[{index}]')
                hooks.append(dict(type='sr4ir_mm.TaskModelHook', hook=hook) if redirected else hook)
        ours = ['EpochSeedHook'] if 'max_iters' not in (self.base.get('train_cfg') or {}) else []
        there = [hook_name(hook) for hook in theirs]
        ours = [name for name in (*ours, 'StopOnInvalidLossHook') if name not in there]
        return [*hooks, *(dict(type=f'sr4ir_mm.{name}') for name in ours)]

    def default_hooks(self) -> dict[str, Any]:
        """The zoo config's checkpoint hook, judging by the task even where a detector finds nothing, and timed."""
        checkpoint = (self.base.get('default_hooks') or {}).get('checkpoint') or {}
        if class_name(checkpoint) != 'CheckpointHook':
            return {}
        ours = dict(type='sr4ir_mm.TaskCheckpointHook', save_interval=dict(minutes=30))
        return dict(default_hooks=dict(checkpoint=ours))

    def batch_sampler(self) -> dict[str, Any]:
        """A batch sampler that yields what it announces, in place of mmdet's, which with ``drop_last`` does not."""
        theirs = (self.base.get('train_dataloader') or {}).get('batch_sampler') or {}
        name = class_name(theirs)
        if name != 'AspectRatioBatchSampler' or not theirs.get('drop_last'):
            return {}
        ours = dict(type='sr4ir_mm.AspectRatioBatchSampler')
        return dict(train_dataloader=dict(batch_sampler=ours))


def _expects_task_model(hook: Mapping) -> bool:
    library = str(hook.get('type')).rpartition('.')[0]
    return library != 'sr4ir_mm' and hook_name(hook) not in _ROOT_HOOKS
