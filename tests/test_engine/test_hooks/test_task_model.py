"""TaskModelHook: task libraries' hooks find the task network."""

from types import SimpleNamespace

import pytest
from mmengine.hooks import Hook
from mmengine.logging import MMLogger
from mmengine.registry import HOOKS as ROOT_HOOKS
from mmengine.registry import DefaultScope
from torch import nn

from sr4ir_mm.engine.hooks import TaskModelHook
from sr4ir_mm.registry import HOOKS


class Recorder(Hook):
    priority = 'LOW'

    def __init__(self):
        self.seen = []

    def before_train_epoch(self, runner):
        self.seen.append(('before_train_epoch', runner.model))
        runner.note = 'set'

    def after_val_epoch(self, runner, metrics=None):
        self.seen.append(('after_val_epoch', metrics))

    def before_save_checkpoint(self, runner, checkpoint):
        checkpoint['mark'] = 1


class Loader:
    persistent_workers = True
    _iterator = 'old'

    def __init__(self):
        self.skipped = None
        self.dataset = SimpleNamespace(pipeline=None, update_skip_type_keys=self.skip)

    def skip(self, keys):
        self.skipped = keys


@pytest.fixture
def runner():
    model = nn.Module()
    model.task_net = nn.Module()
    model.task_net.bbox_head = nn.Module()
    model.task_net.bbox_head.use_l1 = False
    logger = MMLogger.get_instance('test_task_model')
    return SimpleNamespace(
        model=model, epoch=0, max_epochs=10, train_dataloader=Loader(), logger=logger
    )


def test_wrapped_hook_sees_the_task_net(runner):
    inner = Recorder()
    hook = TaskModelHook(inner)
    hook.before_train_epoch(runner)
    hook.after_val_epoch(runner, metrics={'a': 1})
    checkpoint = {}
    hook.before_save_checkpoint(runner, checkpoint)
    assert inner.seen == [
        ('before_train_epoch', runner.model.task_net),
        ('after_val_epoch', {'a': 1}),
    ]
    assert runner.note == 'set'
    assert checkpoint == {'mark': 1}


def test_priority_and_stages_are_the_wrapped_hooks():
    hook = TaskModelHook(Recorder())
    assert hook.priority == 'LOW'
    assert set(hook.get_triggered_stages()) == {
        'before_train_epoch',
        'after_val_epoch',
        'before_save_checkpoint',
    }
    assert TaskModelHook(dict(type='mmdet.YOLOXModeSwitchHook', priority=48)).priority == 48


def test_yolox_mode_switch_reaches_the_head(runner):
    with DefaultScope.overwrite_default_scope('mmdet'):
        hook = HOOKS.build(
            dict(
                type='sr4ir_mm.TaskModelHook',
                hook=dict(type='YOLOXModeSwitchHook', num_last_epochs=3),
            )
        )
    hook.before_train_epoch(runner)
    assert not runner.model.task_net.bbox_head.use_l1
    runner.epoch = 7
    hook.before_train_epoch(runner)
    assert runner.model.task_net.bbox_head.use_l1
    assert 'Mosaic' in runner.train_dataloader.skipped
    assert runner.train_dataloader._iterator is None


def test_the_bare_yolox_hook_would_fail(runner):
    """Why the wrapper exists; if this passes one day, it can go."""
    hook = ROOT_HOOKS.build(dict(type='mmdet.YOLOXModeSwitchHook', num_last_epochs=10))
    with pytest.raises(AttributeError):
        hook.before_train_epoch(runner)


def test_rtmdet_pipeline_switch(runner):
    pipeline = [dict(type='mmdet.RandomFlip', prob=0.5)]
    with DefaultScope.overwrite_default_scope('mmdet'):
        hook = TaskModelHook(
            dict(type='PipelineSwitchHook', switch_epoch=2, switch_pipeline=pipeline)
        )
    hook.before_train_epoch(runner)
    assert runner.train_dataloader.dataset.pipeline is None
    runner.epoch = 2
    hook.before_train_epoch(runner)
    assert len(runner.train_dataloader.dataset.pipeline.transforms) == 1


def test_mmpretrain_recipe_switch_reaches_the_preprocessor(runner):
    runner.model.task_net.data_preprocessor = nn.Module()
    runner.model.task_net.data_preprocessor.batch_augments = 'old'
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        hook = TaskModelHook(
            dict(type='SwitchRecipeHook', schedule=[dict(action_epoch=1, batch_augments=None)])
        )
    hook.before_train_epoch(runner)
    assert runner.model.task_net.data_preprocessor.batch_augments is None
