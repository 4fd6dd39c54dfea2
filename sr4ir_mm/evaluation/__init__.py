"""Evaluation: image quality beside the task's own metric in one mmengine Evaluator.

Imported by apis and scripts; imports no model.
"""

from sr4ir_mm.evaluation.metrics import FSIM, LPIPS, PSNR, SSIM, ImageMetric, PredictionsFile

__all__ = ['FSIM', 'LPIPS', 'PSNR', 'SSIM', 'ImageMetric', 'PredictionsFile']
