"""Task networks: torchvision's names, and the authors' copies of them, to those of our configs."""

from __future__ import annotations

import torch
from torch import Tensor

from sr4ir_mm.utils.converters.conversion import Conversion

_BOX = 4


def background_last(rows: Tensor) -> Tensor:
    """Class 0, background in torchvision, to the end, where mmdet has it; the other classes count from 0 then."""
    return torch.roll(rows, -1, dims=0)


def without_background(rows: Tensor) -> Tensor:
    """Drop the four box rows of class 0: mmdet regresses no boxes for background, torchvision never uses them."""
    return rows[_BOX:].clone()


RESNET = Conversion(
    name='ResNet',
    marker=r'^layer1\.0\.conv1\.',
    rules=[(r'fc\.', 'head.fc.'), (r'(?=(conv1|bn1|layer\d)\.)', 'backbone.')],
)

DEEPLABV3 = Conversion(
    name='DeepLabV3',
    marker=r'^classifier\.0\.convs\.',
    rules=[
        (r'backbone\.', 'backbone.features.'),
        (r'classifier\.0\.', 'decode_head.aspp.'),
        (r'classifier\.1\.', 'decode_head.bottleneck.0.'),
        (r'classifier\.2\.', 'decode_head.bottleneck.1.'),
        (r'classifier\.4\.', 'decode_head.conv_seg.'),
        (r'aux_classifier\.0\.', 'auxiliary_head.convs.0.conv.'),
        (r'aux_classifier\.1\.', 'auxiliary_head.convs.0.bn.'),
        (r'aux_classifier\.4\.', 'auxiliary_head.conv_seg.'),
    ],
)

# Anchors (ratio by ratio, then size by size) and the box coder's order (x, y, w, h) agree; its weights 10, 10, 5, 5 are
# the inverse standard deviations of the config. So only classes move.
FASTER_RCNN = Conversion(
    name='Faster R-CNN',
    marker=r'^roi_heads\.box_predictor\.',
    rules=[
        # Frozen batch norm counts no batches.
        (r'backbone\.body\..*num_batches_tracked$', None),
        (r'backbone\.body\.', 'backbone.features.'),
        (r'backbone\.fpn\.inner_blocks\.(\d+)\.0\.', r'neck.lateral_convs.\1.conv.'),
        (r'backbone\.fpn\.layer_blocks\.(\d+)\.0\.', r'neck.fpn_convs.\1.conv.'),
        (r'rpn\.head\.conv\.0\.0\.', 'rpn_head.rpn_conv.'),
        (r'rpn\.head\.cls_logits\.', 'rpn_head.rpn_cls.'),
        (r'rpn\.head\.bbox_pred\.', 'rpn_head.rpn_reg.'),
        (r'roi_heads\.box_head\.fc6\.', 'roi_head.bbox_head.shared_fcs.0.'),
        (r'roi_heads\.box_head\.fc7\.', 'roi_head.bbox_head.shared_fcs.1.'),
        (r'roi_heads\.box_predictor\.cls_score\.', 'roi_head.bbox_head.fc_cls.'),
        (r'roi_heads\.box_predictor\.bbox_pred\.', 'roi_head.bbox_head.fc_reg.'),
    ],
    values={
        'roi_head.bbox_head.fc_cls.weight': background_last,
        'roi_head.bbox_head.fc_cls.bias': background_last,
        'roi_head.bbox_head.fc_reg.weight': without_background,
        'roi_head.bbox_head.fc_reg.bias': without_background,
    },
)

TASK_NETS = (FASTER_RCNN, DEEPLABV3, RESNET)
