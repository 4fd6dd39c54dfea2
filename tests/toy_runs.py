"""Whole runs of the Runner on a toy data set, in this process or in several."""

import contextlib
import copy
import os
import signal

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.hooks import EMAHook, Hook
from mmengine.runner import Runner
from mmpretrain.structures import DataSample

from sr4ir_mm.registry import DATASETS, HOOKS, TRANSFORMS
from sr4ir_mm.utils.errors import UserError
from tests import toy


@DATASETS.register_module(force=True)
class ToyClassification(BaseDataset):
    """A few images of three classes."""

    METAINFO = dict(classes=('a', 'b', 'c'))

    def __init__(self, length=8, **kwargs):
        self.length = length
        super().__init__(**kwargs)

    def load_data_list(self):
        return [dict(index=index) for index in range(self.length)]


@TRANSFORMS.register_module(force=True)
class PackToy:
    """Image with random noise from the process's generators, as augmentations would add.

    With ``kill`` the process that loads the image of that number ends as if memory had run out.
    """

    def __init__(self, noise=True, kill=None, side=32):
        self.noise, self.kill, self.side = noise, kill, side

    def __call__(self, results):
        index = results['index']
        if index == self.kill:
            os.kill(os.getpid(), signal.SIGKILL)
        top = 20 if self.noise else 1
        size = (self.side, self.side)
        noise = torch.from_numpy(np.random.randint(0, top, (3, *size))).to(torch.uint8)
        sample = DataSample().set_gt_label(index % toy.CLASSES)
        sample.set_metainfo(dict(img_shape=size, ori_shape=size))
        return dict(inputs=toy.image(*size, index) // 2 + noise, data_samples=sample)


def loader(shuffle, workers=0, batch_size=2):
    return dict(
        batch_size=batch_size,
        num_workers=workers,
        worker_init_fn=dict(type='sr4ir_mm.seed_worker'),
        sampler=dict(type='DefaultSampler', shuffle=shuffle),
        dataset=dict(type='sr4ir_mm.ToyClassification', pipeline=[dict(type='sr4ir_mm.PackToy')]),
    )


def config(work_dir, epochs=4, workers=0, **kwargs):
    """SR4IR on the toy set with the shipped runtime defaults."""
    net = toy.classifier()
    # Dropout and random TDP start: everything that draws numbers or counts progress takes part.
    phases = [dict(toy.SR_PHASE, tdp=dict(begin=0.25)), toy.TASK_PHASE]
    cosine = dict(
        type='sr4ir_mm.WarmupCosineRestartLR',
        periods=[1, 2],
        warmup=1,
        eta_min=1e-6,
        by_epoch=True,
        convert_to_iter_based=True,
    )
    runtime = Config.fromfile('configs/_base_/default_runtime.py')
    cfg = dict(
        model=dict(
            type='sr4ir_mm.TaskDrivenSR',
            task_net=net,
            sr_net=dict(type='sr4ir_mm.ToySR'),
            scale=toy.SCALE,
            phases=phases,
            cqmix=dict(grid=4),
        ),
        default_scope='mmpretrain',
        train_dataloader=loader(True, workers),
        val_dataloader=loader(False, workers),
        train_cfg=dict(type='sr4ir_mm.EpochLoop', max_epochs=epochs, val_interval=1),
        val_cfg=dict(),
        val_evaluator=[dict(type='mmpretrain.Accuracy'), dict(type='sr4ir_mm.PSNR')],
        test_dataloader=loader(False, workers),
        test_cfg=dict(),
        test_evaluator=[dict(type='mmpretrain.Accuracy'), dict(type='sr4ir_mm.PSNR')],
        optim_wrapper=dict(
            constructor='sr4ir_mm.SeparateOptimWrapperConstructor',
            sr_net=dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-3)),
            task_net=dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=1e-2, momentum=0.9)),
        ),
        param_scheduler=dict(sr_net=[cosine], task_net=[cosine]),
        visualizer=dict(
            type='mmpretrain.UniversalVisualizer', vis_backends=[dict(type='LocalVisBackend')]
        ),
        work_dir=str(work_dir),
        experiment_name=f'toy_{abs(hash(str(work_dir)))}',
    )
    merged = Config({**runtime.to_dict(), **cfg})
    merged.env_cfg.dist_cfg.backend = 'gloo'
    merged.default_hooks.checkpoint.update(save_best='sr/psnr', rule='greater')
    merged.merge_from_dict(copy.deepcopy(kwargs))
    return merged


def run(work_dir, **kwargs):
    """Train and return the runner."""
    runner = Runner.from_cfg(config(work_dir, **kwargs))
    with contextlib.suppress(KeyboardInterrupt):
        runner.train()
    return runner


#: Options that make the toy run one of three networks with an optimizer each.
SOD_MTGAN = {
    'model.discriminator': toy.SOD_MTGAN['discriminator'],
    'model.phases': toy.SOD_MTGAN['phases'],
    'optim_wrapper.discriminator': dict(
        type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-2, weight_decay=0.0)
    ),
    'param_scheduler.discriminator': [
        dict(type='PolyLR', end=3, by_epoch=True, convert_to_iter_based=True)
    ],
}
EMA = dict(type='EMAHook', momentum=0.3, update_buffers=True)


def average(runner):
    """What the run's EMAHook has averaged, by the names of the plain model."""
    (hook,) = (hook for hook in runner.hooks if isinstance(hook, EMAHook))
    return {key: value.clone() for key, value in hook.ema_model.module.state_dict().items()}


def by_iterations(max_iters=10, val_interval=3):
    """Options that make the toy run count iterations."""
    return {
        'train_cfg': dict(
            _delete_=True, type='sr4ir_mm.IterLoop', max_iters=max_iters, val_interval=val_interval
        ),
        'default_hooks.checkpoint.by_epoch': False,
        'default_hooks.checkpoint.interval': 4,
        'param_scheduler': dict(
            sr_net=[
                dict(type='sr4ir_mm.WarmupCosineRestartLR', warmup=2, end=max_iters, by_epoch=False)
            ],
            task_net=[dict(type='PolyLR', end=max_iters, by_epoch=False)],
        ),
        'log_processor.by_epoch': False,
    }


@HOOKS.register_module(force=True)
class SignalIn(Hook):
    """Sends this process a signal in the middle of an iteration, or of a validation."""

    def __init__(self, iteration, number=15, validating=False):
        self.iteration, self.number, self.validating = iteration, number, validating

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.iteration and not self.validating:
            os.kill(os.getpid(), self.number)

    def before_val_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.iteration and self.validating:
            os.kill(os.getpid(), self.number)


@HOOKS.register_module(force=True)
class InvalidLoss(Hook):
    """Makes the loss of one network not a number in some iterations, by an image that is none."""

    def __init__(self, iterations, loss, value=float('nan')):
        self.iterations, self.loss, self.value = iterations, loss, value

    def before_train(self, runner):
        model = runner.model
        parse = type(model).parse_losses

        def poisoned(losses):
            if runner.iter in self.iterations and self.loss in losses:
                losses[self.loss] = losses[self.loss] * self.value
            return parse(model, losses)

        model.parse_losses = poisoned


@HOOKS.register_module(force=True)
class RaiseIn(Hook):
    """Fails in the middle of an iteration, if asked as the user's input would make it fail."""

    def __init__(self, iteration, sentence=None):
        self.iteration, self.sentence = iteration, sentence

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.iteration:
            raise UserError(self.sentence) if self.sentence else RuntimeError('failed as asked')


@HOOKS.register_module(force=True)
class StopAfter(Hook):
    """Ends training after an epoch and its validation, as a killed process would."""

    priority = 'VERY_LOW'

    def __init__(self, epoch):
        self.epoch = epoch

    def before_train_epoch(self, runner):
        if runner.epoch == self.epoch:
            raise KeyboardInterrupt
