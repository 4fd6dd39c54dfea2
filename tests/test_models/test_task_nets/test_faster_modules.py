"""Modules of the libraries that run faster here: the same values and gradients."""

import copy
from importlib import import_module

import pytest
import torch
from mmcv.ops import RoIAlign
from torchvision.ops.misc import Conv2dNormActivation, FrozenBatchNorm2d

from sr4ir_mm.models.task_nets import TorchvisionMobileNetV3
from sr4ir_mm.models.task_nets.roi_align import RowRoIAlign
from tests import toy

REGIONS = torch.tensor(
    [
        [0, 3.0, 4.0, 60.0, 50.0],
        [1, -9.0, -30.0, 20.0, 8.0],  # begins outside
        [1, 40.0, 30.0, 130.0, 200.0],  # ends outside
        [0, 10.2, 11.7, 10.9, 12.1],  # narrower than a pixel
        [1, 90.0, 60.0, 95.0, 63.0],  # at the last row and column
        [0, 300.0, 300.0, 310.0, 310.0],  # all outside
    ]
)


@pytest.mark.parametrize('channels_last', [False, True])
@pytest.mark.parametrize('aligned', [False, True])
@pytest.mark.parametrize(('size', 'ratio'), [((7, 7), 2), ((2, 3), 1), ((1, 2), 3), ((3, 3), 0)])
def test_pooled_regions_are_mmcvs(size, ratio, aligned, channels_last):
    torch.manual_seed(0)
    options = dict(sampling_ratio=ratio, aligned=aligned)
    theirs, ours = (kind(size, 1 / 8, **options) for kind in (RoIAlign, RowRoIAlign))
    features = torch.randn(2, 5, 8, 12, requires_grad=True)
    layout = torch.channels_last if channels_last else torch.contiguous_format
    expected = theirs(features, REGIONS)
    result = ours(features.contiguous(memory_format=layout), REGIONS)
    weights = torch.randn_like(expected)

    torch.testing.assert_close(result, expected, rtol=1e-5, atol=1e-6)
    assert result.is_contiguous()
    gradients = [torch.autograd.grad((r * weights).sum(), features)[0] for r in (result, expected)]
    torch.testing.assert_close(*gradients, rtol=1e-5, atol=1e-5)


def test_other_regions_and_types():
    features = torch.randn(1, 4, 8, 8)
    pool = RowRoIAlign((2, 2), 1.0, sampling_ratio=2)

    assert pool(features, REGIONS[:0]).shape == (0, 4, 2, 2)
    half = pool(features.bfloat16(), REGIONS[:1].bfloat16())
    assert half.dtype == torch.bfloat16
    torch.testing.assert_close(half.float(), pool(features, REGIONS[:1]), rtol=0.02, atol=0.02)


def test_a_detector_pools_by_rows():
    """Of the config that a run builds, and also of a copy (EMA makes one)."""
    config = 'configs/sr4ir/faster-rcnn-tiny_edsr-tiny_x4_sample.py'
    from mmengine.config import Config

    model = toy.build(task_net=Config.fromfile(config).model.task_net)
    kinds = [type(m) for m in copy.deepcopy(model).modules() if isinstance(m, RoIAlign)]

    assert kinds == [RowRoIAlign] * 2


@pytest.fixture
def backbones():
    """A backbone with frozen norms as it ships and as torchvision runs it."""
    torch.manual_seed(0)
    folded = TorchvisionMobileNetV3(
        out_indices=(6, 16), frozen_norm=True, frozen_layers=2, width_mult=0.25
    )
    for module in folded.modules():
        if isinstance(module, FrozenBatchNorm2d):
            module.weight.uniform_(0.5, 2)
            module.bias.normal_()
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    plain = copy.deepcopy(folded)
    for module in plain.modules():
        if isinstance(module, Conv2dNormActivation):
            module.__class__ = Conv2dNormActivation
    return folded, plain


def test_folded_norms_change_neither_values_nor_gradients(backbones):
    images = torch.randn(2, 3, 64, 64)
    losses = [sum(output.square().mean() for output in net(images)) for net in backbones]
    gradients = [
        torch.autograd.grad(loss, [p for p in net.parameters() if p.requires_grad])
        for loss, net in zip(losses, backbones, strict=True)
    ]

    torch.testing.assert_close(*losses, rtol=1e-5, atol=0)
    for ours, theirs in zip(*gradients, strict=True):
        scale = theirs.abs().max().item()
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4 * scale + 1e-12)
    assert list(backbones[0].state_dict()) == list(backbones[1].state_dict())


def test_features_between_convolution_and_norm_can_be_taken(backbones):
    seen = []
    backbones[0].features[0][0].register_forward_hook(lambda *args: seen.append(args[-1]))
    backbones[0](torch.randn(1, 3, 32, 32))

    assert len(seen) == 1


@pytest.mark.parametrize('autocast', [False, True])
def test_the_residual_block_is_mmagics_to_the_bit(autocast):
    from mmagic.models.archs import ResidualBlockNoBN

    use_in_place_blocks = import_module('sr4ir_mm.models.sr_nets.residual').use_in_place_blocks
    for scale in (1, 0.1):
        torch.manual_seed(0)
        theirs = torch.nn.Sequential(*[ResidualBlockNoBN(8, scale) for _ in range(2)])
        ours = copy.deepcopy(theirs)
        use_in_place_blocks(ours)
        image = torch.randn(2, 8, 9, 9, requires_grad=True)
        results = []
        for net in (theirs, ours):
            with torch.autocast('cpu', torch.bfloat16, enabled=autocast):
                output = net(image)
            gradients = torch.autograd.grad(output.square().sum(), [image, *net.parameters()])
            results.append([output, *gradients])

        assert type(ours[0]) is not type(theirs[0])
        for one, other in zip(*results, strict=True):
            assert one.dtype == other.dtype
            assert torch.equal(one, other)
