"""Sizes and settings of the paper's networks (methods.md 5.1, 5.5 to 5.7)."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from torch import nn
from torchvision.ops.misc import FrozenBatchNorm2d

from sr4ir_mm.models.adapters import build_task_net
from sr4ir_mm.models.sr_nets import build_sr_net
from sr4ir_mm.models.task_nets import (
    ScoreThresholdRPNHead,
    TorchvisionAnchorGenerator,
    TorchvisionMobileNetV3,
)

MODELS = Path(__file__).parents[3] / 'configs/_base_/models'
# Class-wise box regression of the background, which mmdet does not have: 4 rows of 1024 weights and a bias.
BACKGROUND_BOXES = 4 * 1025


def count(net):
    return sum(parameter.numel() for parameter in net.parameters())


def task_net(name):
    cfg = Config.fromfile(MODELS / f'{name}.py').task_net
    cfg.backbone.init_cfg = None
    return build_task_net(cfg)


@pytest.mark.parametrize(
    ('name', 'parameters'),
    [('edsr_x4', 1_517_571), ('edsr_x8', 1_665_283), ('swinir_x4', 11_900_199)],
)
def test_sr_networks_have_the_papers_size(name, parameters):
    assert count(build_sr_net(Config.fromfile(MODELS / f'{name}.py').sr_net)) == parameters


def test_detector():
    net = task_net('faster-rcnn_mobilenetv3')

    norms = [
        module
        for module in net.modules()
        if isinstance(module, (FrozenBatchNorm2d, nn.BatchNorm2d))
    ]
    # Weights and biases of frozen norms are buffers; the paper's count takes them for parameters.
    assert (
        count(net) + sum(norm.weight.numel() * 2 for norm in norms) == 19_052_004 - BACKGROUND_BOXES
    )
    layers = net.backbone.features
    assert [any(p.requires_grad for p in layer.parameters()) for layer in layers] == [False] * 7 + [
        True
    ] * 10
    norms = [
        module
        for module in net.modules()
        if isinstance(module, (FrozenBatchNorm2d, nn.BatchNorm2d))
    ]
    assert all(isinstance(norm, FrozenBatchNorm2d) and norm.eps == 1e-5 for norm in norms)
    features = net.extract_feat(torch.zeros(1, 3, 128, 160))
    assert [tuple(feature.shape[1:]) for feature in features] == [
        (256, 4, 5),
        (256, 4, 5),
        (256, 2, 3),
    ]
    assert net.rpn_head.prior_generator.num_base_priors == [15, 15, 15]
    # Both levels have stride 32, so that torchvision pools every region from the first.
    assert net.roi_head.bbox_roi_extractor.num_inputs == 1


def test_segmentor():
    net = task_net('deeplabv3_mobilenetv3')

    assert count(net) == 11_029_328
    norms = [module for module in net.backbone.modules() if isinstance(module, nn.BatchNorm2d)]
    assert {(norm.eps, norm.momentum) for norm in norms} == {(1e-3, 0.01)}
    auxiliary, last = net.extract_feat(torch.zeros(1, 3, 64, 96))
    assert auxiliary.shape[1:] == (40, 8, 12)
    assert last.shape[1:] == (960, 4, 6)
    dropouts = {type(m): m.p for m in net.modules() if isinstance(m, nn.modules.dropout._DropoutNd)}
    assert dropouts == {nn.Dropout: 0.1}
    assert [m.p for m in net.decode_head.modules() if isinstance(m, nn.Dropout)] == [0.5]
    rates = [
        m.dilation[0]
        for m in net.decode_head.aspp.modules()
        if isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3)
    ]
    assert rates == [12, 24, 36]


def test_heads_start_as_pytorch_initialises_them():
    """torchvision leaves its heads at PyTorch's initialisation; mmseg's and mmdet's defaults have a std of 0.01."""
    segmentor, detector, classifier = (
        task_net(name)
        for name in ('deeplabv3_mobilenetv3', 'faster-rcnn_mobilenetv3', 'resnet18_cars')
    )
    heads = {
        segmentor.decode_head.conv_seg: 256,
        segmentor.auxiliary_head.conv_seg: 10,
        detector.roi_head.bbox_head.fc_cls: 1024,
        detector.roi_head.bbox_head.fc_reg: 1024,
        classifier.head.fc: 512,
    }
    for net in (segmentor, detector, classifier):
        net.init_weights()

    for layer, fan_in in heads.items():
        # Uniform between plus and minus 1 / sqrt(fan in), biases too.
        assert layer.weight.std().item() == pytest.approx((3 * fan_in) ** -0.5, rel=0.15)
        assert layer.bias.abs().max() > 0
    for head in (segmentor.decode_head, segmentor.auxiliary_head):
        for layer in [m for m in head.modules() if isinstance(m, nn.Conv2d)]:
            fan_in = layer.weight[0].numel()
            assert layer.weight.std().item() == pytest.approx((3 * fan_in) ** -0.5, rel=0.15)


def test_frozen_layers_stay_frozen_in_train_mode():
    net = TorchvisionMobileNetV3(width_mult=0.25, frozen_layers=7, frozen_norm=True).train()

    assert not any(parameter.requires_grad for parameter in net.features[:7].parameters())


def test_outputs_follow_out_indices():
    net = TorchvisionMobileNetV3(width_mult=0.25, out_indices=(4, 13, -1))

    outputs = net(torch.zeros(1, 3, 64, 64))

    assert [output.shape[-1] for output in outputs] == [8, 2, 2]


def test_anchor_strides_follow_the_real_feature_sizes():
    """800 px over 13 pooled cells is a stride of 61, not of 64."""
    generator = TorchvisionAnchorGenerator(
        strides=[32, 64], ratios=[1.0], scales=[32], base_sizes=[1, 1]
    )

    first, second = generator.grid_priors([(25, 31), (13, 16)], device='cpu')

    assert first[1].tolist() == [16.0, -16.0, 48.0, 16.0]
    assert second[1, 0] - second[0, 0] == 992 // 16
    assert second[16, 1] - second[0, 1] == 800 // 13


def test_proposals_below_the_threshold_are_dropped(monkeypatch):
    from mmdet.models.dense_heads import RPNHead
    from mmengine.config import ConfigDict
    from mmengine.structures import InstanceData

    monkeypatch.setattr(
        RPNHead, '_bbox_post_process', lambda self, results, cfg, *args, **kwargs: results
    )
    head = ScoreThresholdRPNHead.__new__(ScoreThresholdRPNHead)
    results = InstanceData(scores=torch.tensor([0.5, 0.05, 0.04]), bboxes=torch.zeros(3, 4))

    kept = head._bbox_post_process(results, ConfigDict(score_thr=0.05))
    unlimited = head._bbox_post_process(results, ConfigDict())

    assert kept.scores.tolist() == pytest.approx([0.5, 0.05])
    assert len(unlimited) == 3
