"""D-DBPN and RCAN with the module names of their authors' code, as a reference for the converters (methods.md 2)."""

import math

import torch
from torch import nn


class Layer(nn.Module):
    """A (transposed) convolution and its PReLU."""

    def __init__(self, name, convolution):
        super().__init__()
        self.name = name
        self.add_module(name, convolution)
        self.act = nn.PReLU()

    def forward(self, x):
        return self.act(getattr(self, self.name)(x))


class Block(nn.Module):
    """Up or down, plain or dense."""

    def __init__(self, way, channels, shape, stages):
        super().__init__()
        there, back = ('deconv', 'conv') if way == 'up' else ('conv', 'deconv')
        kinds = dict(conv=nn.Conv2d, deconv=nn.ConvTranspose2d)
        self.way = way
        if stages > 1:
            self.conv = Layer('conv', nn.Conv2d(channels * stages, channels, 1))
        for number, kind in enumerate((there, back, there), 1):
            layer = Layer(kind, kinds[kind](channels, channels, *shape))
            self.add_module(f'{way}_conv{number}', layer)

    def forward(self, x):
        x = self.conv(x) if hasattr(self, 'conv') else x
        first, second, third = (getattr(self, f'{self.way}_conv{i}') for i in (1, 2, 3))
        projected = first(x)
        return third(second(projected) - x) + projected


class OfficialDBPN(nn.Module):
    """Written out stage by stage, as its authors do."""

    def __init__(self, scale, base_channels, feat_channels, num_stages):
        super().__init__()
        shape = {2: (6, 2, 2), 4: (8, 4, 2), 8: (12, 8, 2)}[scale]
        assert num_stages == 5
        self.feat0 = Layer('conv', nn.Conv2d(3, feat_channels, 3, 1, 1))
        self.feat1 = Layer('conv', nn.Conv2d(feat_channels, base_channels, 1))
        for name, stages in (('up1', 1), ('up2', 1), ('up3', 2), ('up4', 3), ('up5', 4)):
            self.add_module(name, Block('up', base_channels, shape, stages))
        for name, stages in (('down1', 1), ('down2', 2), ('down3', 3), ('down4', 4)):
            self.add_module(name, Block('down', base_channels, shape, stages))
        self.output_conv = nn.Module()
        self.output_conv.conv = nn.Conv2d(num_stages * base_channels, 3, 3, 1, 1)

    def forward(self, x):
        x = self.feat1(self.feat0(x))
        h1 = self.up1(x)
        l1 = self.down1(h1)
        h2 = self.up2(l1)
        high = torch.cat((h2, h1), 1)
        low = torch.cat((self.down2(high), l1), 1)
        high = torch.cat((self.up3(low), high), 1)
        low = torch.cat((self.down3(high), low), 1)
        high = torch.cat((self.up4(low), high), 1)
        low = torch.cat((self.down4(high), low), 1)
        return self.output_conv.conv(torch.cat((self.up5(low), high), 1))


def conv(inputs, outputs, size=3):
    return nn.Conv2d(inputs, outputs, size, padding=size // 2)


class Attention(nn.Module):
    def __init__(self, channels, reduction):
        super().__init__()
        inner = channels // reduction
        self.conv_du = nn.Sequential(
            conv(channels, inner, 1), nn.ReLU(), conv(inner, channels, 1), nn.Sigmoid()
        )

    def forward(self, x):
        return x * self.conv_du(x.mean((2, 3), keepdim=True))


class Residual(nn.Module):
    def __init__(self, *layers):
        super().__init__()
        self.body = nn.Sequential(*layers)

    def forward(self, x):
        return x + self.body(x)


class OfficialRCAN(nn.Module):
    """Images in 0..255 inside; ``sub_mean`` and ``add_mean`` are 1 x 1 convolutions."""

    def __init__(self, scale, mid_channels, num_groups, num_blocks, reduction):
        super().__init__()
        c = mid_channels
        mean = torch.tensor([0.4488, 0.4371, 0.4040]) * 255
        for name, sign in (('sub_mean', -1), ('add_mean', 1)):
            shift = nn.Conv2d(3, 3, 1)
            shift.weight.data = torch.eye(3).view(3, 3, 1, 1)
            shift.bias.data = sign * mean
            self.add_module(name, shift)
        block = lambda: Residual(conv(c, c), nn.ReLU(), conv(c, c), Attention(c, reduction))  # noqa: E731
        groups = [
            Residual(*(block() for _ in range(num_blocks)), conv(c, c)) for _ in range(num_groups)
        ]
        self.head = nn.Sequential(conv(3, c))
        self.body = nn.Sequential(*groups, conv(c, c))
        stages = [
            m for _ in range(int(math.log2(scale))) for m in (conv(c, 4 * c), nn.PixelShuffle(2))
        ]
        self.tail = nn.Sequential(nn.Sequential(*stages), conv(c, 3))

    def forward(self, x):
        x = self.head(self.sub_mean(x * 255))
        return self.add_mean(self.tail(self.body(x) + x)) / 255
