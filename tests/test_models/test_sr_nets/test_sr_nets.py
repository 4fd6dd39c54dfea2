"""SR networks: defaults for any scale, PreUpsample, checks."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from sr4ir_mm.models.sr_nets import SR_NETS, PreUpsample, build_sr_net, check_scale, default_sr_net
from sr4ir_mm.utils.errors import UserError

# Smaller than the papers' networks, so that the test stays short; the scale and the interface are what counts.
SMALLER = {
    'edsr': dict(mid_channels=8, num_blocks=1),
    'swinir': dict(depths=[1], num_heads=[2], embed_dim=12),
    'rdn': dict(mid_channels=8, num_blocks=1, num_layers=1, channel_growth=4),
    'rrdb': dict(mid_channels=8, num_blocks=1, growth_channels=4),
    'srcnn': {},
    'msrresnet': dict(mid_channels=8, num_blocks=1),
    'nafnet': dict(mid_channels=4, enc_blk_nums=[1, 1], dec_blk_nums=[1, 1]),
    'restormer': dict(dim=8, num_blocks=[1, 1, 1, 1], num_refinement_blocks=1, heads=[1, 1, 1, 1]),
    'dbpn': dict(base_channels=4, feat_channels=8, num_stages=3),
    'rcan': dict(mid_channels=8, num_groups=2, num_blocks=1, reduction=4),
    'subpixel': dict(mid_channels=8, num_blocks=1),
}


def small(name: str, scale: int) -> dict:
    cfg = default_sr_net(name, scale)
    cfg.get('net', cfg).update(SMALLER[name])
    return cfg


@pytest.mark.parametrize('scale', [2, 4])
@pytest.mark.parametrize('name', list(SR_NETS))
def test_every_net_enlarges_odd_sizes(name, scale):
    net = check_scale(build_sr_net(small(name, scale)), scale)
    output = net(torch.rand(1, 3, 13, 11))
    assert output.shape == (1, 3, 13 * scale, 11 * scale)


@pytest.mark.parametrize('name', ['edsr', 'EDSRNet', 'mmagic.EDSRNet'])
def test_names_of_one_net(name):
    assert default_sr_net(name, 3)['upscale_factor'] == 3
    assert default_sr_net(name, 3)['type'] == 'mmagic.EDSRNet'


def test_unknown_name_lists_known_ones():
    with pytest.raises(UserError, match='edsr, swinir'):
        default_sr_net('edsrr', 4)


def test_net_with_other_interface_is_refused_in_one_sentence():
    class Video(nn.Module):
        def forward(self, x):
            n, t, c, h, w = x.shape
            return x

    with pytest.raises(UserError, match='cannot super-resolve a plain batch'):
        check_scale(Video(), 4)


def test_pre_upsample_crops_what_it_added():
    class Needs(nn.Module):
        def forward(self, x):
            assert all(side % 8 == 0 for side in x.shape[-2:])
            return x

    net = PreUpsample(Needs(), scale=2, mode='nearest')
    image = torch.rand(2, 3, 5, 7)
    assert torch.equal(net(image)[..., ::2, ::2], image)


def test_pre_upsample_alone_is_pils_bicubic():
    """The baseline of FDSR's tables."""
    # Nothing overshoots, which PIL would cut off between its two passes.
    lr = torch.randint(80, 176, (9, 13, 3), dtype=torch.uint8)
    image = Image.fromarray(lr.numpy()).resize((52, 36), Image.Resampling.BICUBIC)
    net = PreUpsample(None, scale=4, antialias=True)

    sr_rgb01 = net(lr.permute(2, 0, 1)[None] / 255)

    expected = torch.from_numpy(np.array(image)).permute(2, 0, 1)
    difference = (sr_rgb01[0] * 255 - expected).abs()
    assert difference.max() < 2  # PIL rounds to grey levels twice
    assert difference.mean() < 0.5
    assert list(net.parameters()) == []


def test_pre_upsample_checks_its_arguments():
    with pytest.raises(UserError, match='at least 1'):
        PreUpsample(nn.Identity(), scale=0)


@pytest.mark.parametrize(('scale', 'count'), [(2, 5_953_526), (4, 10_426_358), (8, 23_205_878)])
def test_dbpn_has_its_papers_parameters(scale, count):
    net = build_sr_net(default_sr_net('D-DBPN', scale))

    assert sum(parameter.numel() for parameter in net.parameters()) == count


def test_a_sub_pixel_network_starts_close_to_the_bicubic_image():
    lr_rgb01 = torch.rand(2, 3, 8, 8)
    net = build_sr_net(small('subpixel', 4))

    up_rgb01 = PreUpsample(None, scale=4)(lr_rgb01)
    assert (net(lr_rgb01) - up_rgb01).abs().mean() < 0.1


def test_the_last_layer_of_a_sub_pixel_network_makes_the_pixels_of_a_cell():
    """The last layer's channels are the pixels of a cell, in rows."""
    net = build_sr_net(small('subpixel', 4))
    lr_rgb01 = torch.full((1, 3, 5, 5), 0.5)
    with torch.no_grad():
        net.tail.weight.zero_()
        net.tail.bias.copy_(torch.arange(48.0))

    details = net(lr_rgb01) - lr_rgb01.mean()

    cell = details[0, :, 4:8, 8:12]
    assert torch.allclose(cell, torch.arange(48.0).view(3, 4, 4), atol=1e-5)


@pytest.mark.parametrize(
    ('name', 'options', 'message'),
    [
        ('dbpn', dict(scale=3), r'scale=3; it takes \[2, 4, 8\]'),
        ('dbpn', dict(num_stages=2), 'num_stages=2; expected at least 3'),
        ('rcan', dict(scale=6), 'scale=6; it takes powers of 2'),
        ('subpixel', dict(num_blocks=0), 'num_blocks=0 is out of place'),
    ],
)
def test_sizes_that_a_network_cannot_have_are_told(name, options, message):
    with pytest.raises(UserError, match=message):
        build_sr_net({**default_sr_net(name, 4), **options})
