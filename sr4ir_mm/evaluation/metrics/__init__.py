"""Full-reference image metrics, one file each, and a file of predictions.

Imported by evaluation.
"""

from sr4ir_mm.evaluation.metrics.base import ImageMetric
from sr4ir_mm.evaluation.metrics.fsim import FSIM, fsim
from sr4ir_mm.evaluation.metrics.lpips import LPIPS
from sr4ir_mm.evaluation.metrics.predictions_file import PredictionsFile
from sr4ir_mm.evaluation.metrics.psnr import PSNR, psnr
from sr4ir_mm.evaluation.metrics.ssim import SSIM, ssim

__all__ = [
    'FSIM',
    'LPIPS',
    'PSNR',
    'SSIM',
    'ImageMetric',
    'PredictionsFile',
    'fsim',
    'psnr',
    'ssim',
]
