"""Random states that depend on the seed and the progress only."""

from __future__ import annotations

from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner

from sr4ir_mm.registry import HOOKS
from sr4ir_mm.utils.random_state import seed_generators


@HOOKS.register_module()
class EpochSeedHook(Hook):
    """Re-seed all random generators at the start of every epoch, each process with its own numbers.

    A run that resumes at the start of an epoch is then bitwise equal to one that never stopped, validation in between
    or not. Use it with ``worker_init_fn=dict(type='sr4ir_mm.seed_worker')`` and without persistent workers, so that
    the loader's workers follow too; with :class:`EpochLoop` they follow anyway.
    """

    priority = 'VERY_HIGH'

    def before_train_epoch(self, runner: Runner) -> None:
        """Seed by the run's seed, the iteration and the rank."""
        seed_generators(runner.seed, runner.iter, get_rank())
