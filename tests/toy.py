"""Tiny real task networks of all three libraries, a tiny SR net, and batches for them."""

from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config, ConfigDict
from mmengine.structures import InstanceData, PixelData
from torch import nn

from sr4ir_mm.models import TaskDrivenSR
from sr4ir_mm.registry import MODELS

SCALE = 4
CLASSES = 3
SIDE = 64


@MODELS.register_module(force=True)
class ToySR(nn.Module):
    """Two convolutions around a pixel shuffle."""

    def __init__(self, scale: int = SCALE, width: int = 8):
        super().__init__()
        self.head = nn.Conv2d(3, width, 3, padding=1)
        self.tail = nn.Conv2d(width, 3 * scale**2, 3, padding=1)
        self.shuffle = nn.PixelShuffle(scale)

    def forward(self, lr_rgb01):
        return self.shuffle(self.tail(self.head(lr_rgb01).relu()))


STATISTICS = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])


def resnet(**kwargs):
    return dict(type='ResNet', depth=18, base_channels=8, **kwargs)


def detector(**kwargs):
    """RetinaNet, one stage: no random proposals, so two runs agree."""
    return dict(
        _scope_='mmdet',
        type='RetinaNet',
        data_preprocessor=dict(
            type='DetDataPreprocessor', **STATISTICS, bgr_to_rgb=True, pad_size_divisor=32
        ),
        backbone=resnet(
            frozen_stages=1, norm_cfg=dict(type='BN', requires_grad=True), norm_eval=False
        ),
        neck=dict(
            type='FPN', in_channels=[8, 16, 32, 64], out_channels=8, start_level=1, num_outs=3
        ),
        bbox_head=dict(
            type='RetinaHead',
            num_classes=CLASSES,
            in_channels=8,
            stacked_convs=1,
            feat_channels=8,
            anchor_generator=dict(
                type='AnchorGenerator',
                octave_base_scale=4,
                scales_per_octave=1,
                ratios=[1.0],
                strides=[8, 16, 32],
            ),
        ),
        train_cfg=dict(
            assigner=dict(type='MaxIoUAssigner', pos_iou_thr=0.5, neg_iou_thr=0.4, min_pos_iou=0),
            allowed_border=-1,
            pos_weight=-1,
        ),
        test_cfg=dict(
            nms_pre=50, score_thr=0.0, nms=dict(type='nms', iou_threshold=0.5), max_per_img=5
        ),
        **kwargs,
    )


def segmentor(**kwargs):
    head = dict(num_classes=CLASSES, channels=8, num_convs=1, concat_input=False, dropout_ratio=0)
    return dict(
        _scope_='mmseg',
        type='EncoderDecoder',
        data_preprocessor=dict(
            type='SegDataPreProcessor', **STATISTICS, bgr_to_rgb=True, size_divisor=1
        ),
        backbone=resnet(),
        decode_head=dict(type='FCNHead', in_channels=64, in_index=3, **head),
        auxiliary_head=dict(type='FCNHead', in_channels=32, in_index=2, **head),
        test_cfg=dict(mode='whole'),
        **kwargs,
    )


def classifier(**kwargs):
    return dict(
        _scope_='mmpretrain',
        type='ImageClassifier',
        data_preprocessor=dict(
            type='ClsDataPreprocessor', **STATISTICS, to_rgb=True, num_classes=CLASSES
        ),
        backbone=dict(type='ResNet', depth=18, stem_channels=8, base_channels=8, out_indices=(3,)),
        neck=dict(type='GlobalAveragePooling'),
        head=dict(type='LinearClsHead', num_classes=CLASSES, in_channels=64),
        **kwargs,
    )


TASK_NETS = {'det': detector, 'seg': segmentor, 'cls': classifier}
SR_PHASE = dict(type='sr4ir_mm.SRPhase', pixel=dict(), tdp=dict())
TASK_PHASE = dict(type='sr4ir_mm.TaskPhase', images=dict(sr=0.34, hr=0.34, cqmix=0.34))


SOD_MTGAN = dict(
    discriminator=dict(type='sr4ir_mm.RealFakeBranch'),
    phases=[
        dict(type='sr4ir_mm.SRPhase', pixel=dict(), task=1.0, adversarial=dict()),
        dict(type='sr4ir_mm.AdversarialTaskPhase', images=dict(sr=0.5, hr=0.5)),
    ],
)


def build(task='cls', task_net=None, **kwargs) -> TaskDrivenSR:
    """A tiny model; SR4IR unless ``phases`` says otherwise."""
    args = dict(
        task_net=ConfigDict(TASK_NETS[task]()) if task_net is None else task_net,
        sr_net=dict(type='sr4ir_mm.ToySR'),
        scale=SCALE,
        phases=[SR_PHASE, TASK_PHASE],
        cqmix=dict(grid=4),
    )
    model = TaskDrivenSR(**{**args, **kwargs})
    model.init_weights()
    return model


def image(height=SIDE, width=SIDE, seed=0):
    """(3, H, W) uint8 BGR, smooth enough for SR to mean something."""
    rng = np.random.RandomState(seed)
    coarse = torch.from_numpy(rng.rand(1, 3, height // 4 + 2, width // 4 + 2)).float()
    fine = nn.functional.interpolate(coarse, size=(height, width), mode='bicubic')
    return (fine[0].clamp(0, 1) * 255).round().to(torch.uint8)


def _det_sample(height, width, seed):
    from mmdet.structures import DetDataSample

    sample = DetDataSample()
    boxes = torch.tensor([[4.0, 4.0, 36.0, 40.0], [20.0, 24.0, 60.0, 56.0]])
    boxes = boxes.clamp(max=min(height, width))
    sample.gt_instances = InstanceData(bboxes=boxes, labels=torch.tensor([seed % CLASSES, 1]))
    sample.ignored_instances = InstanceData(bboxes=torch.zeros(0, 4), labels=torch.zeros(0).long())
    return sample


def _seg_sample(height, width, seed):
    from mmseg.structures import SegDataSample

    labels = torch.randint(
        0, CLASSES, (1, height, width), generator=torch.Generator().manual_seed(seed)
    )
    sample = SegDataSample()
    sample.gt_sem_seg = PixelData(data=labels)
    return sample


def _cls_sample(height, width, seed):
    from mmpretrain.structures import DataSample

    return DataSample().set_gt_label(seed % CLASSES)


SAMPLES = {'det': _det_sample, 'seg': _seg_sample, 'cls': _cls_sample}


def batch(task='cls', sizes=((SIDE, SIDE), (SIDE, SIDE)), seed=0):
    """A collated batch as the task library's pipeline makes it."""
    inputs, samples = [], []
    for index, (height, width) in enumerate(sizes):
        sample = SAMPLES[task](height, width, seed + index)
        sample.set_metainfo(
            dict(
                img_shape=(height, width),
                ori_shape=(height, width),
                pad_shape=(height, width),
                img_id=index,
                scale_factor=(1.0, 1.0),
            )
        )
        inputs.append(image(height, width, seed + index))
        samples.append(sample)
    return dict(inputs=inputs, data_samples=samples)


def optim_wrapper(model, sr=None, task=None, **kwargs):
    """The model's own optimizers, built by the shipped constructor."""
    from sr4ir_mm.engine import SeparateOptimWrapperConstructor

    task = task or dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=1e-2), **kwargs)
    cfgs = {
        'sr_net': sr or dict(type='OptimWrapper', optimizer=dict(type='AdamW', lr=1e-3), **kwargs),
        'task_net': task,
        'discriminator': task,
    }
    cfgs = {name: ConfigDict(cfg) for name, cfg in cfgs.items() if name in model.trained_nets()}
    return SeparateOptimWrapperConstructor(cfgs)(model)


def snapshot(module):
    return {key: value.clone() for key, value in module.state_dict().items()}


def changed(before, module):
    return {
        key for key, value in module.state_dict().items() if not torch.equal(before[key], value)
    }


def two_stage_detector(**kwargs):
    """The model with the sample's Faster R-CNN as its task network."""
    config = Path(__file__).parents[1] / 'configs/sr4ir/faster-rcnn-tiny_edsr-tiny_x4_sample.py'
    return build(task_net=Config.fromfile(config).model.task_net, **kwargs)
