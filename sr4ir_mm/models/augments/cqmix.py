"""Cross-quality patch mix (CQMix)."""

import torch
import torch.nn.functional as F
from mmcv.transforms import BaseTransform
from torch import Tensor

from sr4ir_mm.registry import TRANSFORMS
from sr4ir_mm.utils.checks import check_number


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

    Required keys: ``sr_rgb01``, ``hr_rgb01``, both (N, 3, H, W). Added keys: ``cqmix_rgb01`` (N, 3, H, W) and
    ``cqmix_mask`` (N, 1, grid, grid), 1 = SR.

    Args:
        grid: Cells a side. The paper uses 8 for segmentation and detection, 4 for classification.
        sr_ratio: Probability that a cell is SR.

    Source: Kim et al., CVPR 2024; methods.md 5.4.
    """

    def __init__(self, grid: int = 8, sr_ratio: float = 0.5) -> None:
        self.grid = check_number('CQMix grid', grid, least=1, whole=True)
        self.sr_ratio = check_number('CQMix sr_ratio', sr_ratio, most=1)

    def sample_mask(self, count: int, device: torch.device) -> Tensor:
        """Draw the cells of ``count`` samples, (count, 1, grid, grid), 1 = SR."""
        probability = torch.full((count, 1, self.grid, self.grid), self.sr_ratio, device=device)
        return torch.bernoulli(probability)

    def transform(self, results: dict) -> dict:
        """Add the mixed batch and its mask to ``results``."""
        sr_rgb01, hr_rgb01 = results['sr_rgb01'], results['hr_rgb01']
        mask = self.sample_mask(len(sr_rgb01), sr_rgb01.device)
        results['cqmix_mask'] = mask
        results['cqmix_rgb01'] = mix_patches(sr_rgb01, hr_rgb01, mask)
        return results
