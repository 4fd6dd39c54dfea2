"""Large images in parts equal the whole."""

import pytest
import torch
from torch import nn

from sr4ir_mm.apis import tiling
from sr4ir_mm.apis.tiling import TiledSR, reach
from sr4ir_mm.models.sr_nets.build import build_sr_net
from sr4ir_mm.models.sr_nets.defaults import default_sr_net
from tests import toy

CPU = torch.device('cpu')


@pytest.fixture
def lr_rgb01():
    return torch.rand(2, 3, 90, 131)


@pytest.fixture
def net():
    return toy.ToySR().eval()


class Global(nn.Module):
    """Every pixel depends a little on all others."""

    def forward(self, x):
        enlarged = x.repeat_interleave(2, -1).repeat_interleave(2, -2)
        return enlarged + 0.01 * x.mean((-1, -2), keepdim=True)


def test_the_reach_is_that_of_the_convolutions(net):
    assert reach(net, toy.SCALE, CPU) == 2
    assert reach(Global(), 2, CPU) is None


@pytest.mark.parametrize('core', [16, 40, 64])
def test_parts_equal_the_whole(net, lr_rgb01, core):
    whole = net(lr_rgb01)

    assert torch.allclose(TiledSR(net, toy.SCALE, core)(lr_rgb01), whole, atol=1e-5)
    assert torch.equal(TiledSR(net, toy.SCALE, None)(lr_rgb01), whole)


def test_a_margin_below_the_reach_would_show(net, lr_rgb01):
    tiled = TiledSR(net, toy.SCALE, 16)
    tiled._overlap = 0

    assert (tiled(lr_rgb01) - net(lr_rgb01)).abs().max() > 1e-3


def test_edsr_in_parts_equals_the_whole():
    cfg = dict(default_sr_net('edsr', 4), mid_channels=16, num_blocks=4)
    net = build_sr_net(cfg).eval()
    lr_rgb01 = torch.rand(1, 3, 70, 100)

    with torch.no_grad():
        assert torch.allclose(TiledSR(net, 4, 24)(lr_rgb01), net(lr_rgb01), atol=1e-5)


def test_parts_are_chosen_when_memory_is_short_and_told(net, lr_rgb01, monkeypatch, capsys):
    tiled = TiledSR(net, toy.SCALE)
    assert tiled.choose_core(lr_rgb01) is None
    need = 2 * 90 * 131 * tiled.bytes_a_pixel(lr_rgb01)

    monkeypatch.setattr(tiling, 'free_memory', lambda device: need)
    core = tiled.choose_core(lr_rgb01)

    assert 16 <= core < 131
    assert core % tiling.ALIGNMENT == 0
    assert 'in parts, 8 px around them: equal to the whole image' in capsys.readouterr().out
    assert torch.allclose(tiled(lr_rgb01), net(lr_rgb01), atol=1e-5)


def test_a_full_gpu_leads_to_smaller_parts(net, lr_rgb01):
    sides = []

    class SmallGPU(nn.Module):
        def forward(self, x):
            sides.append(max(x.shape[-2:]))
            if sides[-1] > 64:
                raise torch.cuda.OutOfMemoryError('CUDA out of memory')
            return net(x)

    tiled = TiledSR(SmallGPU(), toy.SCALE)
    tiled._bytes, tiled._overlap = 1.0, 8

    assert torch.allclose(tiled(lr_rgb01), net(lr_rgb01), atol=1e-5)
    assert sides[0] == 131


def test_a_network_that_sees_everything_tells_what_parts_change(capsys):
    tiled = TiledSR(Global(), 2, 64)
    sr_rgb01 = tiled(torch.rand(1, 3, 300, 300))

    assert sr_rgb01.shape == (1, 3, 600, 600)
    assert 'changes values near seams by up to' in capsys.readouterr().out
