"""Evaluation: image quality beside the task's own metric in one mmengine Evaluator."""

from sr4ir_mm.evaluation.metrics import FSIM, LPIPS, PSNR, SSIM, ImageMetric

__all__ = ['FSIM', 'LPIPS', 'PSNR', 'SSIM', 'ImageMetric']
