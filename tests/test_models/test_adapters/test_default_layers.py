"""TDP features by default, for each family."""

from types import SimpleNamespace
from unittest.mock import patch

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.structures import BaseDataElement
from torch import nn

from sr4ir_mm.models.adapters import ClassificationAdapter, build_adapter, build_task_net
from sr4ir_mm.models.adapters.features import collect_features
from sr4ir_mm.models.adapters.spaces import TaskSpace
from sr4ir_mm.utils.errors import UserError
from tests import toy

PREPROCESSOR = dict(
    mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=True, num_classes=4
)


def default_layers(cfg) -> list[str]:
    net = build_task_net(ConfigDict(cfg))
    return build_adapter(None, net).default_layers(net)


def vit(**backbone):
    return dict(
        _scope_='mmpretrain',
        type='ImageClassifier',
        data_preprocessor=dict(PREPROCESSOR),
        backbone=dict(
            type='VisionTransformer',
            arch=dict(embed_dims=16, num_layers=3, num_heads=2, feedforward_channels=32),
            img_size=32,
            patch_size=16,
            **backbone,
        ),
        head=dict(type='VisionTransformerClsHead', num_classes=4, in_channels=16),
    )


def test_segmentor_and_convolutional_classifier_take_the_last_stage():
    assert default_layers(toy.segmentor()) == ['backbone.-1']
    assert default_layers(toy.classifier()) == ['backbone.-1']


def test_detector_takes_two_neck_levels():
    assert default_layers(toy.detector()) == ['neck.0', 'neck.1']


def test_detector_with_one_neck_level_takes_it():
    cfg = toy.detector()
    cfg['neck'] = dict(
        type='ChannelMapper', in_channels=[64], kernel_size=1, out_channels=8, num_outs=1
    )
    cfg['backbone'] = toy.resnet(out_indices=(3,), norm_cfg=dict(type='BN'))
    assert default_layers(cfg) == ['neck.0']


@pytest.mark.parametrize('levels', [1, 3])
def test_a_neck_that_does_not_say_is_probed(levels):
    class Neck(nn.Module):
        def forward(self, features):
            return tuple(features[:levels])

    net = build_task_net(toy.detector())
    net.neck = Neck()
    flags = [module.training for module in net.modules()]
    expected = ['neck.0', 'neck.1'][:levels]
    assert build_adapter(None, net).default_layers(net) == expected
    assert [module.training for module in net.modules()] == flags


def test_a_neck_that_cannot_be_probed_is_told():
    class Broken(nn.Module):
        def forward(self, features):
            raise RuntimeError('needs a depth map')

    net = build_task_net(toy.detector())
    net.neck = Broken()
    with patch('sr4ir_mm.models.adapters.detection.print_log') as told:
        assert build_adapter(None, net).default_layers(net) == ['neck.0']
    (message,) = told.call_args.args
    assert 'Broken does not say' in message
    assert 'needs a depth map' in message
    assert 'neck.0 alone' in message


def test_features_of_backbone_and_neck_leave_ground_truth_alone(monkeypatch):
    """Rescaling boxes and masks for them would be lost work."""
    from sr4ir_mm.models.adapters import detection

    model = toy.build('det', adapter=dict(resize=dict(short=96, long=160, divisor=32)))
    batch = model.data_preprocessor(toy.batch('det'), True)['inputs']
    rescaled = []
    monkeypatch.setattr(detection, '_rescale_boxes', lambda *args: rescaled.append(args))
    model.adapter.features(model.task_net, batch.hr_rgb01, batch, ['neck.0'])
    assert not rescaled
    model.adapter.to_task_inputs(batch.hr_rgb01, batch)
    assert rescaled


def test_plain_transformer_takes_all_tokens_of_the_last_block():
    net = build_task_net(vit())
    layers = build_adapter(None, net).default_layers(net)
    assert layers == ['backbone.layers.2']
    (tokens,) = collect_features(net, layers, lambda: net.extract_feat(torch.rand(2, 3, 32, 32)))
    assert tokens.shape == (2, 5, 16)


def test_transformer_with_a_feature_map_takes_its_output():
    assert default_layers(vit(out_type='featmap')) == ['backbone.-1']


def test_foreign_network_takes_its_last_stage_before_the_head():
    net = nn.Module()
    net.model = nn.Sequential()
    for name in ('conv1', 'layer1', 'layer4', 'global_pool', 'fc'):
        net.model.add_module(name, nn.Linear(1, 1))
    assert ClassificationAdapter.default_layers(SimpleNamespace(), net) == ['model.layer4']


def test_a_wrong_name_lists_valid_ones():
    net = build_task_net(toy.classifier())
    with pytest.raises(
        UserError, match=r'choose backbone\.N .* or a module by name, such as backbone\.'
    ):
        collect_features(net, ['backbone.layer9'], lambda: None)


def test_preprocessor_that_notes_its_padding_in_samples():
    """mmseg's with ``test_cfg`` fails without a data sample."""
    cfg = toy.segmentor()
    cfg['data_preprocessor']['test_cfg'] = dict(size_divisor=32)
    net = build_task_net(cfg)
    space = TaskSpace(net.data_preprocessor)
    image = torch.randint(0, 256, (3, 32, 32), dtype=torch.uint8)
    task = net.data_preprocessor(dict(inputs=[image], data_samples=[BaseDataElement()]), False)[
        'inputs'
    ]
    assert torch.allclose(space.to_task(space.to_image(task)), task, atol=1e-5)
    assert torch.equal((space.to_image(task)[0] * 255).round().byte().flip(0), image)


def test_mmseg_configs_without_a_size_can_train():
    cfg = toy.segmentor()
    del cfg['data_preprocessor']['size_divisor']
    assert build_task_net(cfg).data_preprocessor.size_divisor == 1


@pytest.mark.parametrize(
    ('cfg', 'words'),
    [
        (dict(type='FastRCNN', _scope_='mmdet'), 'proposals'),
        (dict(type='CascadeRCNN', rpn_head=None, _scope_='mmdet'), 'without rpn_head needs region'),
        (dict(type='mmdet.GLIP'), 'text'),
        (dict(type='QDTrack', _scope_='mmdet'), 'video'),
        (dict(type='MAE', _scope_='mmpretrain'), 'self-supervised'),
        (dict(type='ResNet', _scope_='mmpretrain'), 'no detector, segmentor or classifier'),
        (
            dict(
                type='ImageClassifier',
                _scope_='mmpretrain',
                backbone=dict(type='ResNet', in_channels=1),
            ),
            '1 channel',
        ),
        (
            dict(type='EncoderDecoder', _scope_='mmseg', data_preprocessor=dict(mean=[1, 2, 3, 4])),
            '4 channel',
        ),
    ],
)
def test_refused_before_anything_is_built(cfg, words):
    with pytest.raises(UserError, match=words):
        build_task_net(cfg)
