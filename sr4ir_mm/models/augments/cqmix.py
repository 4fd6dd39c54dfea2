"""Cross-quality patch mix (CQMix)."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from mmcv.transforms import BaseTransform
from torch import Tensor

from sr4ir_mm.registry import TRANSFORMS
from sr4ir_mm.structures import Size
from sr4ir_mm.utils.checks import check_number
from sr4ir_mm.utils.errors import UserError

_MODES = ('grid', 'instance')


def mix_patches(sr_rgb01: Tensor, hr_rgb01: Tensor, mask: Tensor) -> Tensor:
    """Take SR where the grid is 1 and HR where it is 0.

    Args:
        sr_rgb01: (N, 3, H, W).
        hr_rgb01: (N, 3, H, W).
        mask: (N, 1, g, g) of zeros and ones, stretched to H x W by nearest neighbour.

    Returns:
        (N, 3, H, W).
    """
    mask = F.interpolate(mask.to(sr_rgb01), size=sr_rgb01.shape[-2:], mode='nearest')
    return sr_rgb01 * mask + hr_rgb01 * (1 - mask)


@TRANSFORMS.register_module()
class CQMix(BaseTransform):
    """Mix SR and HR patches of a batch on a grid, each cell by a fair coin, a fresh grid for every sample.

    Works on batches on the device, since the SR image exists only there.

    Required keys: ``sr_rgb01``, ``hr_rgb01``, both (N, 3, H, W). Optional keys: ``objects`` (N, 1, h, w) bool, where
    there are objects, at the top left of the images; ``share`` of the training that is done, 0 to 1. Added keys:
    ``cqmix_rgb01`` (N, 3, H, W) and ``cqmix_mask``, 1 = SR, (N, 1, grid, grid), or (N, 1, H, W) by instance.

    Args:
        grid: Cells a side. The paper uses 8 for segmentation and detection, 4 for classification.
        sr_ratio: Probability that a cell is SR, or by instance that the objects are.
        mode: ``'grid'`` (paper), or ``'instance'``: objects are SR and all else HR, or the reverse, by a coin for each
            image, so that the edges between both qualities are those of objects and none is cut into. Objects are what
            boxes hold in detection, and the pixels of a drawn half of the classes present in segmentation. Images
            without objects, and all of classification, keep the grid.
        curriculum: Let ``sr_ratio`` rise linearly from 0 to its value in the first half of the training: the task
            network meets SR images that are still bad less often. By instance, the background is then SR where the
            objects are not.

    Raises:
        UserError: A number is out of its range, or the mode is unknown.

    Source: Kim et al., CVPR 2024; methods.md 5.4; ``'instance'`` and ``curriculum`` are this project's own.
    """

    def __init__(
        self, grid: int = 8, sr_ratio: float = 0.5, mode: str = 'grid', curriculum: bool = False
    ) -> None:
        self.grid = check_number('CQMix grid', grid, least=1, whole=True)
        self.sr_ratio = check_number('CQMix sr_ratio', sr_ratio, most=1)
        if mode not in _MODES:
            raise UserError(f'CQMix mode={mode!r} is unknown; choose one of {_MODES}.')
        self.mode = mode
        self.curriculum = curriculum

    def sample_mask(self, count: int, device: torch.device, share: float = 1.0) -> Tensor:
        """Draw the cells of ``count`` samples, (count, 1, grid, grid), 1 = SR, when a share of training is done."""
        return self._toss((count, 1, self.grid, self.grid), device, share)

    def _toss(self, shape: Sequence[int], device: torch.device, share: float) -> Tensor:
        rising = min(2 * share, 1.0) if self.curriculum else 1.0
        return torch.bernoulli(torch.full(shape, rising * self.sr_ratio, device=device))

    def transform(self, results: dict) -> dict:
        """Add the mixed batch and its mask to ``results``."""
        sr_rgb01, hr_rgb01 = results['sr_rgb01'], results['hr_rgb01']
        share, objects = results.get('share', 1.0), results.get('objects')
        mask = self.sample_mask(len(sr_rgb01), sr_rgb01.device, share)
        if self.mode == 'instance' and objects is not None:
            mask = self._by_instance(objects, mask, sr_rgb01.shape[-2:], share)
        results['cqmix_mask'] = mask
        results['cqmix_rgb01'] = mix_patches(sr_rgb01, hr_rgb01, mask)
        return results

    def _by_instance(self, objects: Tensor, grid: Tensor, size: Size, share: float) -> Tensor:
        """(N, 1, H, W), 1 = SR; decided without a copy to the host."""
        coin = self._toss((len(objects), 1, 1, 1), objects.device, share)
        height, width = size
        pad = (0, width - objects.shape[-1], 0, height - objects.shape[-2])
        inside = F.pad(objects, pad, value=False)
        mask = torch.where(inside, coin, 1 - coin)
        cells = F.interpolate(grid, size=size, mode='nearest')
        return torch.where(inside.any(-1, keepdim=True).any(-2, keepdim=True), mask, cells)
