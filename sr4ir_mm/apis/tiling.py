"""Super-resolve images that are too large for the memory, part by part."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import psutil
import torch
from mmengine.logging import print_log
from torch import Tensor, nn

from sr4ir_mm.utils.modules import eval_mode

#: Parts begin at multiples of this, so that the windows of window-based networks stay where they are.
ALIGNMENT = 8
#: Overlap in LR px where a network's reach has no end within the probe.
WIDE_OVERLAP = 64
_PROBE_SIDE = 96
_SHARE_OF_FREE_MEMORY = 0.5
_LEAST_CORE = 16


class TiledSR(nn.Module):
    """An SR network that takes large images part by part, each with a margin that is cut off afterwards.

    The margin is what the network can see around a pixel, found by probing. Where this has an end (convolutional
    networks such as EDSR), the result equals that of the whole image but for rounding (1e-5 in [0, 1], float32); where
    it has none (attention over the image), the margin is 64 px and the notice tells the measured difference.

    Args:
        net: SR network, (N, 3, H, W) to (N, 3, scale H, scale W).
        scale: Its factor.
        tile: Side of a part in LR px without margin; None never splits; 'auto' splits when half of the free memory is
            not enough, with a notice.
        precision: What the network computes in; float32 is handed out in any case.
    """

    def __init__(
        self,
        net: nn.Module,
        scale: int,
        tile: int | str | None = 'auto',
        precision: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        self.net = net
        self.scale = scale
        self.tile = tile
        self.precision = precision
        self._overlap: int | None = None
        self._bytes: float | None = None

    @torch.no_grad()
    def forward(self, lr_rgb01: Tensor) -> Tensor:
        """(N, 3, H, W) LR images to (N, 3, scale H, scale W) SR images, float32."""
        core = self.choose_core(lr_rgb01)
        while True:
            try:
                return self._run(lr_rgb01) if core is None else self._in_parts(lr_rgb01, core)
            except torch.cuda.OutOfMemoryError:
                if self.tile is None or core == _LEAST_CORE:
                    raise
            core = _half(min(lr_rgb01.shape[-2:]) if core is None else core)

    def choose_core(self, lr_rgb01: Tensor) -> int | None:
        """Side of the parts in LR px without margin, None for the whole image at once."""
        count, _, height, width = lr_rgb01.shape
        if self.tile is None:
            return None
        if self.tile != 'auto':
            core = max(int(self.tile) // ALIGNMENT * ALIGNMENT, ALIGNMENT)
            return core if core < max(height, width) else None
        budget = _SHARE_OF_FREE_MEMORY * free_memory(lr_rgb01.device)
        a_pixel = count * self.bytes_a_pixel(lr_rgb01)
        if a_pixel * height * width <= budget:
            return None
        side = int((budget / a_pixel) ** 0.5) - 2 * self.overlap(lr_rgb01)
        return max(side // ALIGNMENT * ALIGNMENT, _LEAST_CORE)

    def overlap(self, lr_rgb01: Tensor) -> int:
        """Margin in LR px; found once, with a notice."""
        if self._overlap is None:
            found = reach(self.net, self.scale, lr_rgb01.device)
            self._overlap = WIDE_OVERLAP if found is None else -(-found // ALIGNMENT) * ALIGNMENT
            note = 'equal to the whole image within 1e-5'
            if self.precision != torch.float32:
                note = f'equal to the whole image but for rounding in {self.precision}'
            if found is None:
                note = f'which changes values near seams by up to {self._difference(lr_rgb01):.1e} of 1'
            height, width = lr_rgb01.shape[-2:]
            print_log(
                f'Super-resolving images of {width} x {height} px in parts, {self._overlap} px around them: {note}.',
                logger='current',
            )
        return self._overlap

    def bytes_a_pixel(self, lr_rgb01: Tensor) -> float:
        """Bytes that the network needs for each LR pixel, found once."""
        if self._bytes is None:
            self._bytes = activation_bytes(self.net, lr_rgb01.device)
        return self._bytes

    def _in_parts(self, lr_rgb01: Tensor, core: int) -> Tensor:
        overlap, scale = self.overlap(lr_rgb01), self.scale
        height, width = lr_rgb01.shape[-2:]
        sr_rgb01 = lr_rgb01.new_empty(
            (*lr_rgb01.shape[:2], scale * height, scale * width), dtype=torch.float32
        )
        for top in range(0, height, core):
            for left in range(0, width, core):
                rows, own_rows = _extent(top, core, overlap, height)
                columns, own_columns = _extent(left, core, overlap, width)
                part = self._run(lr_rgb01[..., rows, columns])
                inner = part[..., _times(own_rows, scale), _times(own_columns, scale)]
                bottom, right = min(top + core, height), min(left + core, width)
                sr_rgb01[..., scale * top : scale * bottom, scale * left : scale * right] = inner
        return sr_rgb01

    def _run(self, lr_rgb01: Tensor) -> Tensor:
        with _autocast(lr_rgb01.device, self.precision):
            return self.net(lr_rgb01).float()

    def _difference(self, lr_rgb01: Tensor) -> float:
        """Largest change in the middle of a part when more than the margin around it is seen."""
        side = 4 * WIDE_OVERLAP
        wide = lr_rgb01[:1, :, :side, :side]
        height, width = (value // 4 for value in wide.shape[-2:])
        rows, columns = (value // ALIGNMENT * ALIGNMENT for value in (height, width))
        narrow = wide[..., rows : 3 * height, columns : 3 * width]
        middle = slice(self.scale * height, self.scale * (height + ALIGNMENT))
        across = slice(self.scale * width, self.scale * (width + ALIGNMENT))
        seen = self._run(wide)[..., self.scale * rows :, self.scale * columns :][
            ..., middle, across
        ]
        return float((self._run(narrow)[..., middle, across] - seen).abs().max())


def _extent(start: int, core: int, overlap: int, length: int) -> tuple[slice, slice]:
    """What a part is cut from, and its own share inside that."""
    begin, end = max(start - overlap, 0), min(start + core + overlap, length)
    return slice(begin, end), slice(start - begin, min(start + core, length) - begin)


def _half(side: int) -> int:
    return max(side // 2 // ALIGNMENT * ALIGNMENT, _LEAST_CORE)


def _times(part: slice, scale: int) -> slice:
    return slice(scale * part.start, scale * part.stop)


def _autocast(device: torch.device, precision: torch.dtype) -> AbstractContextManager:
    if precision == torch.float32:
        return nullcontext()
    return torch.autocast(device.type, dtype=precision)


@torch.no_grad()
def reach(net: nn.Module, scale: int, device: torch.device) -> int | None:
    """How far from an LR pixel its value can change the output, in LR px; None if farther than the probe.

    A single NaN in the middle of an image marks every output that depends on it, whatever the weights.
    """
    centre = _PROBE_SIDE // 2
    probe = torch.zeros(1, 3, _PROBE_SIDE, _PROBE_SIDE, device=device)
    probe[..., centre, centre] = torch.nan
    with eval_mode(net):
        touched = net(probe)[0].isnan().any(0)
    distances = [(touched.any(axis).nonzero().flatten() // scale - centre).abs() for axis in (0, 1)]
    farthest = max(int(distance.max()) for distance in distances)
    return farthest if farthest < centre - 1 else None


@torch.no_grad()
def activation_bytes(net: nn.Module, device: torch.device) -> float:
    """Estimate of the bytes a network needs at once for each input pixel: three times its largest layer."""
    side = 32
    largest = [0]

    def note(module: nn.Module, inputs: tuple, output: object) -> None:
        tensors = [value for value in (*inputs, output) if isinstance(value, Tensor)]
        largest[0] = max(largest[0], sum(value.numel() * value.element_size() for value in tensors))

    handles = [module.register_forward_hook(note) for module in net.modules()]
    try:
        with eval_mode(net):
            net(torch.zeros(1, 3, side, side, device=device))
    finally:
        for handle in handles:
            handle.remove()
    return 3 * largest[0] / side**2


def free_memory(device: torch.device) -> float:
    """Free bytes of a device."""
    if device.type == 'cuda':
        return float(torch.cuda.mem_get_info(device)[0])
    return float(psutil.virtual_memory().available)
