"""Checkpoints: of the task's best, between epochs, at a signal, and never half a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import torch
from mmengine.dist import get_rank, get_world_size, is_main_process
from mmengine.hooks import CheckpointHook
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner
from torch import Tensor

from sr4ir_mm.engine.hooks.checkpoint_contents import (
    check_resumed,
    check_started,
    check_tested,
    other_schedules,
)
from sr4ir_mm.engine.hooks.checkpoint_files import BACKEND, find_readable_checkpoint
from sr4ir_mm.engine.hooks.other_processes import (
    fit_to_processes,
    note_processes,
    restart_epoch,
)
from sr4ir_mm.engine.hooks.save_interval import SaveInterval
from sr4ir_mm.registry import HOOKS
from sr4ir_mm.utils.modules import unwrap

# The names that sr4ir_mm's image metrics report under, see ImageMetric's ``prefix``.
_IMAGE_METRICS = ('sr/', 'up/')


@HOOKS.register_module()
class TaskCheckpointHook(CheckpointHook):
    """mmengine's CheckpointHook with a best checkpoint of the task, safe files and checkpoints within an epoch.

    **Best.** MMDetection's metrics say nothing of a detector that found no object, as it may after the first epochs.
    The image metrics beside them are there all the same, and mmengine would then judge by the first of those, or stop
    the training for want of the one it was told. Such a validation is passed over instead. ``save_best='auto'`` means
    the first task metric; name an image metric to judge by it (``save_best='sr/psnr', rule='greater'``).

    **Files.** Checkpoints in local folders are written beside their place and renamed, and an old one is removed after
    the new one is there. ``--resume`` passes over one that cannot be read and takes the one before.

    **Within an epoch.** With the package's loops (:class:`EpochLoop`, :class:`IterLoop`) SIGTERM and SIGINT end the
    iteration (the last one of an accumulation), write a checkpoint and the process.

    Args:
        args: mmengine's own.
        save_interval: ``dict(iters=..., minutes=...)``: also write a checkpoint after so many iterations or minutes
            since the last one; it stands in for the next regular one until that comes.
        kwargs: mmengine's own.
    """

    def __init__(self, *args: Any, save_interval: dict | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.save_interval = SaveInterval(**(save_interval or {}))
        if self.backend_args is None and '://' not in str(self.out_dir):
            self.backend_args = dict(backend=BACKEND)
        self._group: torch.distributed.ProcessGroup | None = None
        self._buffers: list[dict[str, Tensor]] = []
        # A checkpoint of this run between the regular ones, which the next one makes superfluous.
        self._stand_in: str | None = None
        self._resumes_stand_in = False

    # ---- resuming -------------------------------------------------------------------------------------------------

    def before_run(self, runner: Runner) -> None:
        """Choose the checkpoint that ``--resume`` goes on from, and say that signals are heeded."""
        interruption = getattr(runner._train_loop, 'interruption', None)
        if interruption is not None:
            interruption.is_heeded = True
        if not runner._resume or runner._load_from is not None:
            return
        readable, unreadable = find_readable_checkpoint(runner.work_dir)
        for path in unreadable:
            runner.logger.warning(
                f'{path} cannot be read (missing, or cut off by a kill or a full disk), so the checkpoint before it is '
                'taken.'
            )
        if readable is not None:
            runner._load_from = str(readable)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Refuse what is of another run, and fit what is resumed to the number of processes now."""
        if runner._resume:
            check_resumed(runner, checkpoint)
            self._resumes_stand_in = checkpoint['meta'].get('stands_in', False)
        elif not hasattr(runner._train_loop, 'run'):
            check_tested(runner, checkpoint)
        else:
            check_started(runner, checkpoint)
        if runner._resume and 'processes' not in checkpoint['meta']:
            restart_epoch(checkpoint, runner.train_loop)
        elif runner._resume:
            for sentence in fit_to_processes(
                checkpoint, runner.train_loop, runner.param_schedulers
            ):
                runner.logger.warning(sentence)
            for sentence in other_schedules(runner, checkpoint):
                runner.logger.warning(sentence)
            buffers = checkpoint.get('buffers_of_processes') or []
            if len(buffers) == get_world_size():
                checkpoint['state_dict'].update(buffers[get_rank()])

    def before_train(self, runner: Runner) -> None:
        """Start the clock."""
        super().before_train(runner)
        self.save_interval.restart(runner.iter)
        if self._resumes_stand_in and self._is_own(runner._load_from):
            self._stand_in = str(runner._load_from)
        if get_world_size() > 1 and self._group is None:
            # Beside nccl: the processes agree on the host, and no device has to be waited for.
            self._group = torch.distributed.new_group(backend='gloo')

    # ---- saving ---------------------------------------------------------------------------------------------------

    def after_train_iter(self, runner: Runner, batch_idx: int, *args: Any, **kwargs: Any) -> None:
        """Save where an interval is over or a signal came."""
        super().after_train_iter(runner, batch_idx, *args, **kwargs)
        asked = getattr(runner.train_loop, 'interruption', None)
        stop, due = self._agree(
            asked is not None and asked.signal is not None, self.save_interval.over(runner.iter + 1)
        )
        if (stop or due) and _gradients_are_used(runner.optim_wrapper, runner.iter + 1):
            if self.save_interval.last != runner.iter + 1:
                self._save_within_epoch(runner)
            if stop:
                self._leave(runner, runner.iter + 1)

    def after_val_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:
        """Stop within a validation whose epoch is saved; grace periods are shorter than many validations."""
        # The attribute behind the property, which would build a loop where there is none.
        asked = getattr(runner._train_loop, 'interruption', None)
        signalled = asked is not None and asked.signal is not None
        if signalled and self.save_interval.last == runner.iter:
            self._leave(runner, runner.iter)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add what a resumed run needs besides mmengine's own."""
        note_processes(checkpoint, runner.train_loop)
        if self._buffers:
            checkpoint['buffers_of_processes'] = self._buffers

    def _save_within_epoch(self, runner: Runner) -> None:
        done = runner.iter + 1
        meta = dict(epoch=runner.epoch, iter=done, stands_in=True)
        self._write(runner, f'iter_{done}.pth', meta, False)
        self._stand_in = self.last_ckpt

    def _is_own(self, path: str | Path) -> bool:
        """Whether a file lies in the folder of this run: a resumed one knows the paths of another's."""
        if '://' in str(path):
            return str(path).rpartition('/')[0] == str(self.out_dir).rstrip('/')
        return Path(path).parent.resolve() == Path(self.out_dir).resolve()

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        outdated = None
        if self.max_keep_ckpts > 0 and step not in list(self.keep_ckpt_ids)[-1:]:
            if len(self.keep_ckpt_ids) == self.max_keep_ckpts:
                outdated = self.filename_tmpl.format(self.keep_ckpt_ids.popleft())
            self.keep_ckpt_ids.append(step)
            runner.message_hub.update_info('keep_ckpt_ids', list(self.keep_ckpt_ids))
        self._write(runner, self.filename_tmpl.format(step), meta, self.by_epoch)
        if outdated is not None:
            self._remove(self.file_backend.join_path(self.out_dir, outdated))

    def _write(self, runner: Runner, name: str, meta: dict, by_epoch: bool) -> None:
        """Write one checkpoint, point ``last_checkpoint`` at it, and only then remove what it stands in for."""
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        if self._group is not None:
            self._buffers = [{} for _ in range(get_world_size())]
            torch.distributed.all_gather_object(
                self._buffers, _buffers(unwrap(runner.model)), self._group
            )
            self._buffers = _differing(self._buffers)
        runner.save_checkpoint(
            self.out_dir,
            name,
            self.file_client_args,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=dict(meta),
            by_epoch=by_epoch,
            backend_args=self.backend_args,
            **self.args,
        )
        self._buffers = []
        self.save_interval.restart(meta['iter'])
        superfluous, self._stand_in = self._stand_in, None
        if not is_main_process():
            return
        pointer = self.file_backend.join_path(runner.work_dir, 'last_checkpoint')
        self.file_backend.put_text(str(self.last_ckpt), pointer)
        if superfluous is not None and Path(superfluous).name != name:
            self._remove(superfluous)

    def _remove(self, path: str) -> None:
        if is_main_process() and self.file_backend.isfile(path):
            self.file_backend.remove(path)

    # ---- signals --------------------------------------------------------------------------------------------------

    def _agree(self, *flags: bool) -> list[bool]:
        """Whether any process says so, for each flag; signals and clocks reach processes at different iterations."""
        if self._group is None:
            return list(flags)
        votes = torch.tensor(flags, dtype=torch.uint8)
        torch.distributed.all_reduce(votes, torch.distributed.ReduceOp.MAX, self._group)
        return votes.bool().tolist()

    def _leave(self, runner: Runner, done: int) -> NoReturn:
        """End this process, once the main one has written its file."""
        if self._group is not None and runner.message_hub.get_info('loop_stage') == 'train':
            torch.distributed.barrier(self._group)
        asked = runner.train_loop.interruption.signal
        name = 'a signal to another process' if asked is None else asked.name
        runner.logger.warning(
            f'Stopped by {name} after iteration {done}: the training so far is in {self.last_ckpt}, and --resume goes '
            'on from there.'
        )
        raise SystemExit(128 + (asked or 15))

    # ---- best -----------------------------------------------------------------------------------------------------

    def _save_best_checkpoint(self, runner: Runner, metrics: dict) -> None:
        if not self.save_best:
            return
        if self.key_indicators == ['auto']:
            metrics = {k: v for k, v in metrics.items() if not k.startswith(_IMAGE_METRICS)}
            missing = [] if metrics else ['a task metric']
        else:
            missing = [key for key in self.key_indicators if key not in metrics]
        if missing:
            runner.logger.warning(
                f'This validation has no {", ".join(missing)}, so no best checkpoint is chosen; a detector that finds '
                'no object yet leaves none.'
            )
            return
        before = self._best_paths()
        # mmengine removes the paths it knows before it writes the new ones.
        self._set_best_paths(dict.fromkeys(before))
        super()._save_best_checkpoint(runner, metrics)
        after = self._best_paths()
        for key, path in before.items():
            if path is not None and after.get(key) not in (None, path) and self._is_own(path):
                self._remove(path)
        self._set_best_paths({**before, **{k: path for k, path in after.items() if path}})

    def _best_paths(self) -> dict[str | None, str | None]:
        several = getattr(self, 'best_ckpt_path_dict', None)
        return {None: self.best_ckpt_path} if several is None else dict(several)

    def _set_best_paths(self, paths: dict[str | None, str | None]) -> None:
        if hasattr(self, 'best_ckpt_path_dict'):
            self.best_ckpt_path_dict = dict(paths)
        else:
            self.best_ckpt_path = paths[None]


def _gradients_are_used(optim_wrapper: Any, done: int) -> bool:
    """Whether no accumulated gradient waits for its update: a checkpoint has none."""
    wrappers = (
        [optim_wrapper]
        if isinstance(optim_wrapper, OptimWrapper) and not hasattr(optim_wrapper, 'optim_wrappers')
        else optim_wrapper.optim_wrappers.values()
    )
    return all(done % wrapper._accumulative_counts == 0 for wrapper in wrappers)


def _buffers(model: torch.nn.Module) -> dict[str, Tensor]:
    """The buffers of this process (statistics of batch norms) under the names of the plain model."""
    names = {name.replace('.module.', '.', 1) for name, _ in model.named_buffers()}
    return {key: value.cpu() for key, value in model.state_dict().items() if key in names}


def _differing(buffers: list[dict[str, Tensor]]) -> list[dict[str, Tensor]]:
    """Those that differ between processes: masks and indices of window attention are large and all the same."""
    first, *others = buffers
    own = [
        name
        for name, value in first.items()
        if not all(torch.equal(value, other[name]) for other in others)
    ]
    return [{name: process[name] for name in own} for process in buffers]
