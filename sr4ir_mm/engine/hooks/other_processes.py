"""Resume with another number of processes than the checkpoint was written with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mmengine.dist import get_world_size
from mmengine.runner.base_loop import BaseLoop

# What a per-iteration scheduler knows of the past; the rest (ends, periods) belongs to the length of an epoch.
_PAST = ('base_values', '_last_value')
_COUNTED = (*_PAST, 'last_step', '_global_step')


def note_processes(checkpoint: dict, loop: BaseLoop) -> None:
    """Write down how many processes share an epoch and how long it is for each."""
    loader = loop.dataloader
    checkpoint['meta']['processes'] = dict(
        count=get_world_size(), epoch_length=len(loader), batch=_batch_size(loader)
    )


def restart_epoch(checkpoint: dict, loop: BaseLoop) -> None:
    """Take a checkpoint that does not tell how long its epochs were for one of a whole number of epochs.

    Args:
        checkpoint: Of mmengine's own hook, which writes none within an epoch; changed in place.
        loop: The training loop, with its loader.
    """
    if hasattr(loop, 'run_epoch'):
        checkpoint['meta']['iter'] = checkpoint['meta']['epoch'] * len(loop.dataloader)


def fit_to_processes(
    checkpoint: dict, loop: BaseLoop, schedulers: Sequence | Mapping[str, Sequence] | None = None
) -> list[str]:
    """Translate the counters of a checkpoint to the processes there are now.

    Epochs keep their meaning; the iteration within one, and the steps of schedulers whose lengths follow from an
    epoch's, are scaled by its new length. Schedulers given in iterations, and trainings by iterations, keep their
    count.

    Args:
        checkpoint: Changed in place.
        loop: The training loop, with its loader.
        schedulers: Those of this run, by optimizer if there are several; they know lengths by the epochs of now.

    Returns:
        Sentences that say what cannot be equal; none if nothing has changed.
    """
    before, now = checkpoint['meta']['processes'], get_world_size()
    length, batch = len(loop.dataloader), _batch_size(loop.dataloader)
    ours = dict(count=now, epoch_length=length, batch=batch)
    if before == ours:
        return []
    # A second checkpoint hook finds nothing left to do.
    checkpoint['meta']['processes'] = ours
    sentences = [
        f'The checkpoint comes from {before["count"]} process(es) with batches of {before["batch"]}, now there are '
        f'{now} with batches of {batch}: which images share a batch, their augmentations and the statistics of batch '
        'norms differ from the run that never stopped.'
    ]
    by_epoch = hasattr(loop, 'run_epoch')
    if by_epoch and length != before['epoch_length']:
        old, new = before['epoch_length'], length
        epoch, done = checkpoint['meta']['epoch'], checkpoint['meta']['iter']
        within = max(done - epoch * old, 0)
        checkpoint['meta']['iter'] = epoch * new + within * new // old
        for states, own in _groups(checkpoint.get('param_schedulers', []), schedulers):
            states[:] = [
                _scaled(state, checkpoint['meta']['iter'], done)
                if _follows_epochs(state, scheduler)
                else state
                # Of as many as there are now, as mmengine takes them.
                for state, scheduler in zip(states, own, strict=False)
            ]
        sentences.append(
            f'An epoch now has {new} iterations instead of {old}: the training goes on at iteration '
            f'{checkpoint["meta"]["iter"]} with as many epochs left, learning rates follow their schedule in epochs, '
            f'and the global batch is {now * batch} instead of {before["count"] * before["batch"]} with the same '
            'rates.'
        )
    return sentences


def _groups(states: list | dict, schedulers: Sequence | Mapping | None) -> list[tuple[list, list]]:
    """States of schedulers and the schedulers that they are for, of each optimizer."""
    if isinstance(states, dict):
        pairs = [(states[name], (schedulers or {}).get(name)) for name in states]
    else:
        pairs = [(states, schedulers)]
    return [(own, list(given or [None] * len(own))) for own, given in pairs]


def _follows_epochs(state: Mapping, scheduler: object | None) -> bool:
    """Whether a scheduler's lengths (ends, milestones, periods) are others with epochs of another length."""
    if scheduler is None:
        return True
    now = scheduler.state_dict()
    return any(now.get(key) != value for key, value in state.items() if key not in _COUNTED)


def _scaled(state: dict, new: int, old: int) -> dict:
    """A scheduler's state at another iteration; schedulers by epoch are left as they are."""
    if state.get('by_epoch', True) or old == 0:
        return state
    # -1 is a scheduler that has not begun.
    steps = {
        key: round(state[key] * new / old) if state[key] > 0 else state[key]
        for key in ('last_step', '_global_step')
    }
    return {**steps, **{key: state[key] for key in _PAST if key in state}}


def _batch_size(loader: object) -> int:
    size = getattr(loader, 'batch_size', None)
    return size if size is not None else getattr(loader.batch_sampler, 'batch_size', 0)
