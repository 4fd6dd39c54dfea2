"""Builds our model for a fixture and runs its steps through ``TaskDrivenSR.train_step``."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

import torch
from mmengine.config import Config, ConfigDict
from mmengine.optim import OptimWrapperDict
from mmengine.structures import BaseDataElement, InstanceData, PixelData
from torch import Tensor, nn

import sr4ir_mm.engine  # noqa: F401
from sr4ir_mm.models import CQMix, TaskDrivenSR
from sr4ir_mm.registry import MODELS, OPTIM_WRAPPER_CONSTRUCTORS
from sr4ir_mm.utils.converters import DEEPLABV3, EDSR, FASTER_RCNN, RESNET, SWINIR, Conversion
from tests.parity.fixture import Fixture
from tests.parity.rule import rule_tensor

CONFIGS = Path(__file__).parents[2] / 'configs'
TASK_CONFIGS = {
    'cls': 'resnet18_cars',
    'seg': 'deeplabv3_mobilenetv3',
    'det': 'faster-rcnn_mobilenetv3',
}
TASK_CONVERSIONS = {'cls': RESNET, 'seg': DEEPLABV3, 'det': FASTER_RCNN}
SR_CONVERSIONS = {'edsr': EDSR, 'swinir': SWINIR}
#: What the fixtures leave as the network's constructor makes it.
FIXED = re.compile(r'(sub_mean|add_mean|attn_mask|relative_position_index)')


class RecordedCQMix(CQMix):
    """CQMix that takes the recorded cells instead of drawing them."""

    def __init__(self) -> None:
        super().__init__()
        self.mask: Tensor | None = None

    def sample_mask(self, count: int, device: torch.device, share: float = 1.0) -> Tensor:
        """The recorded cells of this step."""
        assert len(self.mask) == count
        return self.mask.to(device)


# ---- building -------------------------------------------------------------------------------------------------------


def sr_config(fixture: Fixture) -> dict:
    """The SR network: our base config with the fixture's sizes."""
    args = dict(fixture.sr)
    name = args.pop('name')
    base = Config.fromfile(CONFIGS / f'_base_/models/{name}_x4.py').sr_net.to_dict()
    if name == 'edsr':
        ours = dict(upscale_factor='scale', num_blocks='n_blocks', mid_channels='n_feats')
        return {
            **base,
            'upscale_factor': fixture.scale,
            **{k: args[v] for k, v in ours.items() if v in args},
        }
    args.pop('scale', None)
    return {**base, 'upscale': fixture.scale, **args, 'drop_path_rate': 0.0}


def task_config(fixture: Fixture) -> tuple[ConfigDict, dict | None]:
    """The paper's task network with the fixture's number of classes, and its adapter."""
    cfg = Config.fromfile(CONFIGS / f'_base_/models/{TASK_CONFIGS[fixture.task]}.py')
    task_net, shapes = cfg.task_net, fixture.shapes('task')
    task_net.backbone.init_cfg = None
    if fixture.task == 'cls':
        classes = shapes['fc.weight'][0]
        task_net.head.num_classes = task_net.data_preprocessor.num_classes = classes
        task_net.head.topk = (1,)
    elif fixture.task == 'seg':
        task_net.decode_head.num_classes = task_net.auxiliary_head.num_classes = shapes[
            'classifier.4.weight'
        ][0]
        task_net.data_preprocessor.size = tuple(fixture.image_bgr(0, 0).shape[-2:])
    else:
        task_net.roi_head.bbox_head.num_classes = (
            shapes['roi_heads.box_predictor.cls_score.weight'][0] - 1
        )
    return task_net, cfg.get('adapter')


def build_model(fixture: Fixture) -> TaskDrivenSR:
    """Our SR4IR model, in train mode, with the fixture's weights."""
    task_net, adapter = task_config(fixture)
    model_cfg = Config.fromfile(CONFIGS / 'sr4ir/_base_.py').model
    model_cfg.update(
        scale=fixture.scale, sr_net=sr_config(fixture), task_net=task_net, adapter=adapter
    )
    model = MODELS.build(model_cfg)
    model.cqmix = RecordedCQMix()
    for module in model.modules():
        if isinstance(module, nn.modules.dropout._DropoutNd):
            module.p = 0.0
    for name, net in conversions(fixture).items():
        load_rule_weights(getattr(model, name), net, fixture, name)
    return model.train()


def conversions(fixture: Fixture) -> dict[str, Conversion]:
    """How reference names become ours, by network."""
    return {
        'sr_net': SR_CONVERSIONS[fixture.sr['name']],
        'task_net': TASK_CONVERSIONS[fixture.task],
    }


def reference_net(name: str) -> str:
    """Our name of a network to the fixture's: 'sr' or 'task'."""
    return name.removesuffix('_net')


def load_rule_weights(net: nn.Module, conversion: Conversion, fixture: Fixture, name: str) -> None:
    """Fill a network with the rule's weights, through the key map; every entry must be met."""
    reference = reference_net(name)
    state = {
        key: rule_tensor(key, shape, fixture.gain(reference))
        for key, shape in fixture.shapes(reference).items()
        if not FIXED.search(key)
    }
    result = net.load_state_dict(conversion(state), strict=False)
    missing = [key for key in result.missing_keys if not FIXED.search(key)]
    assert not missing, f'not in the fixture: {missing}'
    assert not result.unexpected_keys, f'not in our network: {result.unexpected_keys}'


def build_optimizers(model: TaskDrivenSR, fixture: Fixture) -> OptimWrapperDict:
    """The recorded optimizers, with our constructor and the paper's settings of the auxiliary head."""
    aux = dict(custom_keys=dict(auxiliary_head=dict(lr_mult=10)))
    recorded = {
        net: {k: v for k, v in fixture.about[f'optim_{net}'].items() if k != 'type'}
        for net in ('sr', 'task')
    }
    cfg = dict(
        sr_net=_wrapper('AdamW', recorded['sr']),
        task_net=dict(_wrapper('SGD', recorded['task']), paramwise_cfg=aux),
    )
    constructor = dict(
        type='sr4ir_mm.SeparateOptimWrapperConstructor', optim_wrapper_cfg=ConfigDict(cfg)
    )
    return OPTIM_WRAPPER_CONSTRUCTORS.build(constructor)(model)


def _wrapper(kind: str, recorded: dict) -> dict:
    """An optimizer wrapper; the recorded arguments are numbers or their text."""
    args = {
        key: ast.literal_eval(value) if isinstance(value, str) else value
        for key, value in recorded.items()
    }
    return dict(type='OptimWrapper', optimizer=dict(type=kind, **args))


def set_learning_rates(optimizers: OptimWrapperDict, fixture: Fixture, step: int) -> None:
    """The recorded rates of a step; groups with a multiplier keep it."""
    recorded = fixture.about['lr']
    for index, name in enumerate(('sr_net', 'task_net')):
        for group in optimizers[name].optimizer.param_groups:
            group.setdefault('first_lr', group['lr'])
            group['lr'] = group['first_lr'] * recorded[step][index] / recorded[0][index]


# ---- running --------------------------------------------------------------------------------------------------------


def make_batch(fixture: Fixture, step: int) -> dict:
    """A collated batch as the task library's pipeline packs it."""
    samples = [_SAMPLES[fixture.task](fixture, step, index) for index in range(fixture.batch_size)]
    images = [fixture.image_bgr(step, index) for index in range(fixture.batch_size)]
    for sample, image in zip(samples, images, strict=True):
        shape = tuple(image.shape[-2:])
        sample.set_metainfo(dict(img_shape=shape, ori_shape=shape, scale_factor=(1.0, 1.0)))
    return dict(inputs=images, data_samples=samples)


def _cls_sample(fixture: Fixture, step: int, index: int) -> BaseDataElement:
    from mmpretrain.structures import DataSample

    return DataSample().set_gt_label(int(fixture.arrays[f'labels_{step}'][index]))


def _seg_sample(fixture: Fixture, step: int, index: int) -> BaseDataElement:
    from mmseg.structures import SegDataSample

    label = torch.from_numpy(fixture.arrays[f'label_{step}_{index}']).long()
    return SegDataSample(gt_sem_seg=PixelData(data=label[None]))


def _det_sample(fixture: Fixture, step: int, index: int) -> BaseDataElement:
    from mmdet.structures import DetDataSample
    from mmdet.structures.bbox import HorizontalBoxes

    boxes = torch.from_numpy(fixture.arrays[f'boxes_{step}_{index}']).float()
    # Background is class 0 in torchvision and the last one in mmdet.
    labels = torch.from_numpy(fixture.arrays[f'labels_{step}_{index}']).long() - 1
    instances = InstanceData(bboxes=HorizontalBoxes(boxes), labels=labels)
    return DetDataSample(gt_instances=instances, ignored_instances=instances[:0])


_SAMPLES = {'cls': _cls_sample, 'seg': _seg_sample, 'det': _det_sample}


def run_step(
    model: TaskDrivenSR, optimizers: OptimWrapperDict, fixture: Fixture, step: int
) -> dict[str, float]:
    """One recorded iteration; losses by network and image kind (or 'pixel', 'tdp')."""
    set_learning_rates(optimizers, fixture, step)
    model.cqmix.mask = fixture.mask(step)
    logs = model.train_step(make_batch(fixture, step), optimizers)
    totals: dict[str, float] = defaultdict(float)
    for name, value in logs.items():
        match = re.match(r'(sr_net)/loss_(\w+)|(task_net)/(\w+)\..*loss', name)
        if match:
            totals['/'.join(part for part in match.groups() if part)] += float(value)
    return dict(totals)


def run_all(
    fixture: Fixture, steps: int | None = None
) -> tuple[TaskDrivenSR, list[dict[str, float]]]:
    """The model after the recorded steps (or the first few), and the losses of each."""
    model = build_model(fixture)
    optimizers = build_optimizers(model, fixture)
    return model, [
        run_step(model, optimizers, fixture, step) for step in range(steps or fixture.steps)
    ]


def parameter_figures(
    model: TaskDrivenSR, fixture: Fixture
) -> dict[tuple[str, str], tuple[float, float]]:
    """(mean, mean absolute value) of every float tensor we have, by (net, reference name)."""
    figures = {}
    for name, conversion in conversions(fixture).items():
        reference, state = reference_net(name), getattr(model, name).state_dict()
        for key in fixture.shapes(reference):
            tensor = state.get(conversion.rename(key) or '')
            if tensor is not None and tensor.is_floating_point():
                value = tensor.double()
                figures[reference, key] = (value.mean().item(), value.abs().mean().item())
    return figures
