"""Loader workers that persist load ahead across the end of an epoch, and nothing else changes."""

import multiprocessing
import time
from contextlib import nullcontext
from itertools import islice
from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook
from torch.utils.data import BatchSampler

from sr4ir_mm.registry import DATA_SAMPLERS, HOOKS
from sr4ir_mm.utils.cli import build_runner
from tests import toy_runs
from tests.contracts.test_resume import assert_equal, states

PERSIST = {'train_dataloader.persistent_workers': True}
ITERATIONS = 4


@HOOKS.register_module(force=True)
class CountLoaded(Hook):
    """Counts the batches that workers have loaded when the last iteration of an epoch begins."""

    def __init__(self, log, wait):
        self.log, self.wait = Path(log), wait
        self.loaded = []

    def before_train(self, runner):
        dataset, log = runner.train_loop.dataloader.dataset, self.log
        load = dataset.__getitems__

        def counted(indices):
            with log.open('a') as file:
                file.write('.')
            return load(indices)

        dataset.__getitems__ = counted

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if batch_idx != ITERATIONS - 1:
            return
        until = time.monotonic() + self.wait
        while time.monotonic() < until and self.count() <= runner.iter + 1:
            time.sleep(0.01)
        self.loaded.append(self.count())

    def count(self):
        return self.log.stat().st_size


def assert_same_training(one, other, epochs=3):
    pairs = zip(
        states(one / f'epoch_{epochs}.pth'), states(other / f'epoch_{epochs}.pth'), strict=True
    )
    for state, expected in pairs:
        assert_equal(state, expected)


@pytest.mark.parametrize('validating', [True, False])
def test_the_training_is_the_same(tmp_path, validating):
    options = dict(epochs=3, workers=2)
    if not validating:
        options['train_cfg.val_interval'] = 5
        options['default_hooks.checkpoint.save_best'] = None
    toy_runs.run(tmp_path / 'anew', **options)
    toy_runs.run(tmp_path / 'ahead', **options, **PERSIST)
    assert_same_training(tmp_path / 'anew', tmp_path / 'ahead')


@pytest.mark.parametrize(('persist', 'wait'), [(True, 60), (False, 1)])
def test_the_next_epoch_is_loaded_ahead(tmp_path, persist, wait):
    counting = dict(type='sr4ir_mm.CountLoaded', log=str(tmp_path / 'log'), wait=wait)
    runner = toy_runs.run(
        tmp_path,
        epochs=3,
        workers=1,
        custom_hooks=[counting],
        **{'train_dataloader.persistent_workers': persist},
    )
    (hook,) = (hook for hook in runner.hooks if isinstance(hook, CountLoaded))
    ahead = [count - ITERATIONS * epoch for epoch, count in enumerate(hook.loaded, start=1)]
    assert [count > 0 for count in ahead] == [persist, persist, False]


def test_a_resumed_training_is_the_same(tmp_path):
    toy_runs.run(tmp_path / 'straight', epochs=3, workers=1)
    hooks = [dict(type='sr4ir_mm.SignalIn', iteration=ITERATIONS - 1)]
    with pytest.raises(SystemExit):
        toy_runs.run(tmp_path / 'parts', epochs=3, workers=1, custom_hooks=hooks, **PERSIST)
    toy_runs.run(tmp_path / 'parts', epochs=3, workers=1, resume=True, **PERSIST)
    assert_same_training(tmp_path / 'straight', tmp_path / 'parts')


def test_a_hook_that_changes_the_images_is_obeyed(tmp_path):
    """mmdet's hook drops workers that persist; what they have loaded by then is of the old pipeline."""
    hook = dict(
        type='mmdet.PipelineSwitchHook',
        switch_epoch=1,
        switch_pipeline=[dict(type='sr4ir_mm.PackToy', noise=False)],
    )
    options = dict(epochs=3, workers=1, custom_hooks=[hook])
    toy_runs.run(tmp_path / 'anew', **options)
    toy_runs.run(tmp_path / 'ahead', **options, **PERSIST)
    assert_same_training(tmp_path / 'anew', tmp_path / 'ahead')
    toy_runs.run(tmp_path / 'other', epochs=3, workers=1)
    weights = [
        torch.load(tmp_path / name / 'epoch_3.pth', weights_only=False)['state_dict']
        for name in ('other', 'ahead')
    ]
    assert any((weights[0][key] != weights[1][key]).any() for key in weights[0])


@HOOKS.register_module(force=True)
class GoThrough(Hook):
    """Goes through the training's loader after an epoch, as mmpretrain's PreciseBNHook does, to its end or not."""

    def __init__(self, batches=None):
        self.batches = batches

    def after_train_epoch(self, runner):
        list(islice(runner.train_loop.dataloader, self.batches))


@HOOKS.register_module(force=True)
class SameOrder(Hook):
    """Has two epochs each go through the images in one order."""

    priority = 'NORMAL'

    def before_train_epoch(self, runner):
        runner.train_loop.dataloader.batch_sampler.sampler.set_epoch(runner.epoch // 2)


@pytest.mark.parametrize(
    'hook',
    [
        dict(type='sr4ir_mm.GoThrough'),
        dict(type='sr4ir_mm.GoThrough', batches=1),
        dict(type='sr4ir_mm.SameOrder'),
    ],
    ids=['all', 'part', 'order'],
)
def test_a_hook_that_uses_the_loader_costs_no_batch(tmp_path, hook):
    """Persistent workers have one iterator, whoever asks; what was loaded ahead is gone or of another order then."""
    options = {'custom_hooks': [hook], 'default_hooks.sampler_seed': None}
    toy_runs.run(tmp_path / 'anew', epochs=3, workers=1, **options)
    runner = toy_runs.run(tmp_path / 'ahead', epochs=3, workers=1, **options, **PERSIST)

    assert runner.iter == 3 * ITERATIONS
    assert_same_training(tmp_path / 'anew', tmp_path / 'ahead')


@DATA_SAMPLERS.register_module(force=True)
class Buckets(BatchSampler):
    """Empties what it keeps only when it is asked for more, as mmdet's AspectRatioBatchSampler does."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.bucket = []

    def __iter__(self):
        for index in self.sampler:
            self.bucket.append(index)
            if len(self.bucket) == self.batch_size:
                yield self.bucket[:]
                self.bucket.clear()
        left, self.bucket = self.bucket, []
        yield from (left[i : i + self.batch_size] for i in range(0, len(left), self.batch_size))


def test_a_batch_sampler_is_taken_to_its_end(tmp_path, loaded):
    options = dict.fromkeys(('val_cfg', 'val_dataloader', 'val_evaluator'))
    options['default_hooks.checkpoint.save_best'] = None
    options['train_dataloader.batch_sampler'] = dict(type='sr4ir_mm.Buckets', drop_last=False)
    toy_runs.run(tmp_path, epochs=3, workers=0, **options)

    images = 2 * ITERATIONS
    epochs = [sorted(loaded[first : first + images]) for first in range(0, 3 * images, images)]
    assert epochs == 3 * [list(range(images))]


@HOOKS.register_module(force=True)
class CountWorkers(Hook):
    """Counts the workers that are there when a validation begins."""

    def __init__(self):
        self.counts = []

    def before_val_epoch(self, runner):
        self.counts.append(len(multiprocessing.active_children()))


def test_workers_that_do_not_persist_end_with_the_epoch(tmp_path):
    """A validation needs the memory that they hold."""
    hooks = [dict(type='sr4ir_mm.CountWorkers')]
    runner = toy_runs.run(tmp_path, epochs=2, workers=1, custom_hooks=hooks)

    (hook,) = (hook for hook in runner.hooks if isinstance(hook, CountWorkers))
    assert hook.counts == [0, 0]


@pytest.mark.parametrize(
    'options',
    [
        PERSIST,
        {**toy_runs.by_iterations(max_iters=3), **PERSIST},
        {**toy_runs.by_iterations(max_iters=3), 'train_dataloader.sampler.type': 'InfiniteSampler'},
    ],
)
@pytest.mark.parametrize('fails', [False, True])
def test_no_worker_outlives_the_training(tmp_path, options, fails):
    """They live through SIGTERM for two minutes, which the process would wait for as it exits."""
    hooks = [dict(type='sr4ir_mm.RaiseIn', iteration=1)] if fails else []
    expected = pytest.raises(RuntimeError, match='as asked') if fails else nullcontext()
    with expected as raised:
        toy_runs.run(tmp_path, epochs=2, workers=1, custom_hooks=hooks, **options)
    assert not multiprocessing.active_children(), raised


def test_no_workers_persist_where_there_are_none(tmp_path):
    cfg = toy_runs.config(tmp_path, epochs=2, workers=0, **PERSIST)
    loader = build_runner(cfg).build_train_loop(cfg.train_cfg).dataloader
    assert loader.num_workers == 0
    assert not loader.persistent_workers
