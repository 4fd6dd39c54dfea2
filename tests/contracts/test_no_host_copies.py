"""A train step and an evaluation of the paper's settings as on a device that the host cannot see into.

Tensors of torch's device "meta" have no values: an operation on tensors of two devices fails, and so does a copy to
the host (``.item()``, ``bool(tensor)``, ``.cpu()``). Preparing a batch, which the libraries do on the host, is no part.
(Fake tensors of the device "cuda" cannot be differentiated without a driver.)
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.structures import BaseDataElement

from sr4ir_mm.registry import MODELS, OPTIM_WRAPPER_CONSTRUCTORS
from sr4ir_mm.testing.samples import make_batch
from sr4ir_mm.testing.tiny import SIDE, shrink

CONFIGS = Path(__file__).parents[2] / 'configs' / 'sr4ir'
META = torch.device('meta')


def on_meta(value):
    """The same without values."""
    if isinstance(value, torch.Tensor):
        return torch.empty_like(value, device=META)
    if isinstance(value, (list, tuple)):
        return type(value)(on_meta(item) for item in value)
    if hasattr(value, 'tensor'):  # mmdet's boxes
        return type(value)(on_meta(value.tensor), clone=False)
    if isinstance(value, BaseDataElement):
        moved = value.new()
        for name, item in value.items():
            key = f'_{name}' if f'_{name}' in moved.__dict__ else name
            moved.__dict__[key] = on_meta(item)
        return moved
    return value


def move(model):
    """Put parameters, buffers and plain tensors of all modules there."""
    for module in model.modules():
        for name, value in list(module._parameters.items()):
            if value is not None:
                empty = on_meta(value.detach())
                module._parameters[name] = torch.nn.Parameter(empty, value.requires_grad)
        for name, value in list(module._buffers.items()):
            if value is not None:
                module._buffers[name] = on_meta(value)
        for name, value in vars(module).items():
            if isinstance(value, torch.Tensor):
                # mmagic's EDSR keeps its mean colour so, and moves it in its first forward pass.
                setattr(module, name, on_meta(value))


def prepared(name, phases=2):
    """A model and a batch without values, and its optimizers."""
    cfg = shrink(Config.fromfile(CONFIGS / f'{name}.py'))
    cfg.model.phases = cfg.model.phases[:phases]
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build(cfg.model)
        data = make_batch(model.task_net, [(SIDE, SIDE)] * 2)
        batch = model.data_preprocessor(data, True)['inputs']
    move(model)
    fields = {f.name: on_meta(getattr(batch, f.name)) for f in dataclasses.fields(batch)}
    model.data_preprocessor.forward = lambda data, training: dict(
        inputs=dataclasses.replace(batch, **fields)
    )
    optimizers = {name: cfg.optim_wrapper[name] for name in model.trained_nets()}
    constructor = dict(
        type='sr4ir_mm.SeparateOptimWrapperConstructor', optim_wrapper_cfg=optimizers
    )
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        optimizers = OPTIM_WRAPPER_CONSTRUCTORS.build(constructor)(model)
    return model, optimizers, cfg.default_scope


@pytest.mark.parametrize(
    ('name', 'phases'),
    [
        ('resnet18_edsr_x4_cars', 2),
        # The task losses of mmseg and mmdet count pixels and choose boxes on the host, whoever calls them.
        ('deeplabv3_edsr_x4_voc', 1),
        ('faster-rcnn_edsr_x4_voc', 1),
    ],
)
def test_a_train_step_copies_nothing_to_the_host(name, phases):
    model, optimizers, scope = prepared(name, phases)

    with DefaultScope.overwrite_default_scope(scope):
        logs = model.train().train_step({}, optimizers)

    assert {value.device for value in logs.values() if isinstance(value, torch.Tensor)} == {META}
    assert any('tdp' in key for key in logs)


def test_a_balanced_weighted_loss_copies_nothing_to_the_host():
    model, optimizers, scope = prepared('resnet18_edsr_x4_cars')
    model.phases[0].balance = 1.0
    model.phases[0].losses.tdp.task_weighted = True

    with DefaultScope.overwrite_default_scope(scope):
        logs = model.train().train_step({}, optimizers)

    assert any('tdp' in key for key in logs)


@pytest.mark.parametrize('name', ['deeplabv3_edsr_x4_voc', 'faster-rcnn_edsr_x4_voc'])
def test_a_mix_by_instance_copies_nothing_to_the_host(name):
    model, _, scope = prepared(name)
    model.cqmix.mode = 'instance'

    with DefaultScope.overwrite_default_scope(scope):
        images = model.phase_context(model.data_preprocessor({}, True)['inputs']).images
        images.refresh_sr()

    assert images.get('cqmix').device == META


@pytest.mark.parametrize('name', ['resnet18_edsr_x4_cars', 'deeplabv3_edsr_x4_voc'])
def test_an_evaluation_copies_nothing_to_the_host(name):
    model, _, scope = prepared(name)

    with DefaultScope.overwrite_default_scope(scope):
        samples = model.eval().test_step({})

    for sample in samples:
        tensors = [value for _, value in every_tensor(sample)]
        assert {value.device for value in tensors} == {META}
        names = [name for name, _ in every_tensor(sample)]
        assert {'sr_rgb01', 'lr_rgb01'} <= set(names)
        assert any('pred' in name for name in names)


def every_tensor(sample, prefix=''):
    """Names and values of the tensors of a data sample and of those within it."""
    for name, value in sample.items():
        if isinstance(value, BaseDataElement):
            yield from every_tensor(value, f'{prefix}{name}.')
        elif isinstance(value, torch.Tensor):
            yield f'{prefix}{name}', value


def test_the_images_and_features_of_a_detector_copy_nothing_to_the_host():
    """Its boxes are chosen on the host by mmdet: how many there are is not known before."""
    model, _, scope = prepared('faster-rcnn_edsr_x4_voc')
    model.test_cfg['predict_task'] = False

    with DefaultScope.overwrite_default_scope(scope), torch.no_grad():
        samples = model.eval().test_step({})
        batch = model.data_preprocessor({}, False)['inputs']
        inputs, _ = model.adapter.to_task_inputs(
            model.super_resolve(batch.lr_rgb01), batch, for_prediction=True
        )
        outputs = model.task_net.rpn_head(model.task_net.extract_feat(inputs))

    assert {sample.sr_rgb01.device for sample in samples} == {META}
    assert {level.device for outputs_of in outputs for level in outputs_of} == {META}


def test_a_copy_to_the_host_would_be_seen():
    model, optimizers, scope = prepared('resnet18_edsr_x4_cars')
    super_resolve = model.super_resolve
    model.super_resolve = lambda lr: super_resolve(lr) * lr.max().item()

    with DefaultScope.overwrite_default_scope(scope):  # noqa: SIM117
        with pytest.raises(RuntimeError, match='meta'):
            model.train().train_step({}, optimizers)
