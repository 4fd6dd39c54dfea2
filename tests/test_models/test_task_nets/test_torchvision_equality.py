"""The paper's task networks in our configs against torchvision's own, on random but fixed weights."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from torch import nn

from sr4ir_mm.models.adapters import build_adapter, build_task_net
from sr4ir_mm.models.data_preprocessors import LRHRDataPreprocessor
from sr4ir_mm.models.degradations import BicubicDegradation
from sr4ir_mm.utils.converters import DEEPLABV3, FASTER_RCNN, RESNET
from tests.parity.synthetic import fill_randomly, torchvision_net

MODELS = Path(__file__).parents[3] / 'configs/_base_/models'
MEAN = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)


def ours(config, conversion, reference, **changes):
    cfg = Config.fromfile(MODELS / config)
    cfg.task_net.backbone.init_cfg = None
    cfg.merge_from_dict(changes)
    net = build_task_net(cfg.task_net)
    converted = conversion(reference.state_dict())
    result = net.load_state_dict(converted, strict=False)
    assert not result.missing_keys
    assert not result.unexpected_keys
    return net.eval(), cfg.get('adapter')


def image_rgb(*size, seed=0):
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, size[0] // 8, size[1] // 8, generator=generator)
    image = nn.functional.interpolate(coarse, size=size, mode='bicubic').clamp(0, 1)[0]
    return (image * 255).round().to(torch.uint8)


@torch.no_grad()
def test_resnet18_logits_are_equal():
    reference = fill_randomly(torchvision_net('cls', 196), 1).eval()
    net, _ = ours('resnet18_cars.py', RESNET, reference)
    image = (image_rgb(96, 96) / 255 - MEAN) / STD

    torch.testing.assert_close(net(image[None]), reference(image[None]), rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_deeplabv3_logits_of_both_heads_are_equal():
    reference = fill_randomly(torchvision_net('seg', 21), 2).eval()
    net, _ = ours('deeplabv3_mobilenetv3.py', DEEPLABV3, reference)
    image = ((image_rgb(120, 160) / 255 - MEAN) / STD)[None]
    expected = reference(image)

    features = net.extract_feat(image)
    for head, name in ((net.decode_head, 'out'), (net.auxiliary_head, 'aux')):
        logits = nn.functional.interpolate(head(features), size=image.shape[-2:], mode='bilinear')
        scale = expected[name].abs().max()
        torch.testing.assert_close(logits / scale, expected[name] / scale, rtol=1e-5, atol=1e-5)


@torch.no_grad()
def detector_with_detections(image):
    """torchvision's detector with weights that find objects of many classes and sizes in ``image``."""
    reference = fill_randomly(torchvision_net('det', 21), 3).eval()
    reference.rpn.head.cls_logits.weight.mul_(0.05)
    reference.rpn.head.bbox_pred.weight.mul_(0.01)
    predictor = reference.roi_heads.box_predictor
    predictor.bbox_pred.weight.mul_(0.1)
    rois = []
    hook = predictor.register_forward_hook(lambda module, args, output: rois.append(args[0]))
    reference([image / 255])
    hook.remove()
    # What all regions have in common must not decide the class, or all would have the same one.
    common = nn.functional.normalize(rois[0].mean(0), dim=0)
    weight = predictor.cls_score.weight
    weight.sub_((weight @ common)[:, None] * common)
    weight.mul_(2 / (rois[0] @ weight.T).std())
    return reference


@pytest.mark.parametrize('size', [(144, 176), (160, 128)])
@torch.no_grad()
def test_detections_are_equal(size):
    from mmdet.structures import DetDataSample

    image = image_rgb(*size)
    # Its plain batch norm has the eps of our frozen one, and in eval mode fixed statistics.
    reference = detector_with_detections(image)
    net, adapter_cfg = ours('faster-rcnn_mobilenetv3.py', FASTER_RCNN, reference)
    expected = reference([image / 255])[0]

    adapter = build_adapter(adapter_cfg, net)
    preprocessor = LRHRDataPreprocessor(net.data_preprocessor, adapter, BicubicDegradation(4), 4)
    sample = DetDataSample(metainfo=dict(img_shape=size, ori_shape=size, scale_factor=(1.0, 1.0)))
    batch = preprocessor(dict(inputs=[image.flip(0)], data_samples=[sample]), False)['inputs']
    found = adapter.predict(net, batch.hr_rgb01, batch)[0].pred_instances

    assert len(expected['scores']) > 10
    assert len(set(expected['labels'].tolist())) > 5
    assert found.labels.tolist() == (expected['labels'] - 1).tolist()
    torch.testing.assert_close(found.scores, expected['scores'], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found.bboxes, expected['boxes'], rtol=1e-4, atol=1e-2)


@torch.no_grad()
def test_detection_losses_are_equal_where_nothing_is_sampled():
    from mmdet.structures import DetDataSample
    from mmengine.structures import InstanceData

    size = (144, 176)
    image = image_rgb(*size)
    reference = detector_with_detections(image)
    all_of_them = 100_000
    samplers = {f'task_net.train_cfg.{stage}.sampler.num': all_of_them for stage in ('rpn', 'rcnn')}
    net, adapter_cfg = ours('faster-rcnn_mobilenetv3.py', FASTER_RCNN, reference, **samplers)
    for sampler in (reference.rpn.fg_bg_sampler, reference.roi_heads.fg_bg_sampler):
        sampler.batch_size_per_image = all_of_them
    boxes = torch.tensor(
        [[10.0, 12.0, 90.0, 100.0], [60.0, 20.0, 150.0, 130.0], [100.0, 90.0, 140.0, 120.0]]
    )
    labels = torch.tensor([3, 20, 1])
    reference.train()
    for module in reference.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
    expected = reference([image / 255], [dict(boxes=boxes, labels=labels)])

    adapter = build_adapter(adapter_cfg, net)
    preprocessor = LRHRDataPreprocessor(net.data_preprocessor, adapter, BicubicDegradation(4), 4)
    instances = InstanceData(bboxes=boxes, labels=labels - 1)
    sample = DetDataSample(metainfo=dict(img_shape=size, ori_shape=size), gt_instances=instances)
    sample.ignored_instances = instances[:0]
    batch = preprocessor(dict(inputs=[image.flip(0)], data_samples=[sample]), True)['inputs']
    losses = adapter.loss(net.train(), batch.hr_rgb01, batch)
    found = {
        name: sum(value) if isinstance(value, list) else value for name, value in losses.items()
    }

    names = dict(
        loss_rpn_cls='loss_objectness',
        loss_rpn_bbox='loss_rpn_box_reg',
        loss_cls='loss_classifier',
        loss_bbox='loss_box_reg',
    )
    for name, torchvision_name in names.items():
        torch.testing.assert_close(
            found[name], expected[torchvision_name], rtol=1e-4, atol=1e-6, msg=name
        )


# Computed with the reference's copy of torchvision's transform, which keeps the sides in tensors.
ENLARGED = {
    (144, 176): (800, 977),
    (375, 500): (799, 1066),
    (500, 375): (1066, 799),
    (333, 500): (800, 1201),
    (305, 500): (800, 1311),
    (100, 193): (690, 1332),
    (500, 486): (823, 800),
}


@pytest.mark.parametrize('size', ENLARGED)
def test_enlarged_size_is_the_references(size):
    cfg = Config.fromfile(MODELS / 'faster-rcnn_mobilenetv3.py')
    cfg.task_net.backbone.init_cfg = None
    adapter = build_adapter(cfg.adapter, build_task_net(cfg.task_net))

    assert tuple(adapter._enlarge(torch.zeros(3, *size)).shape[1:]) == ENLARGED[size]
