"""PSNR and SSIM of an SR network on Set5 and its like, as SR papers compute them (S6 of the supplement)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import torch
import torch.nn.functional as F
from torch import Tensor

from sr4ir_mm.apis.inputs import IMAGE_SUFFIXES
from sr4ir_mm.apis.lr_pairs import read_hr, read_rgb01
from sr4ir_mm.evaluation.metrics import psnr, ssim
from sr4ir_mm.evaluation.metrics.ssim import WINDOW
from sr4ir_mm.models.degradations import BicubicDegradation, seed_of_name
from sr4ir_mm.utils.data_sets import DATA_SETS
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.images import luma, quantize_rgb01
from sr4ir_mm.utils.track import track


@dataclass(frozen=True)
class Score:
    """Means over the images of a set.

    Attributes:
        name: Of the set.
        images: How many there are.
        bicubic: (PSNR in dB, SSIM) of bicubic enlargement.
        sr: (PSNR in dB, SSIM) of the SR network.
    """

    name: str
    images: int
    bicubic: tuple[float, float]
    sr: tuple[float, float]


def score_folder(
    folder: Path,
    scale: int,
    super_resolve: Callable[[Tensor], Tensor],
    lr: str = 'antialias',
    degradation: Callable[..., Tensor] | None = None,
    channels: str = 'y',
) -> Score:
    """Score an SR network on one set.

    HR images are cut to a multiple of the scale; both images are rounded to 8 bits, and as many px as the scale are
    left out at each side.

    Args:
        folder: With the HR images in it, or in ``HR`` below it.
        scale: Factor.
        super_resolve: (1, 3, h, w) LR to (1, 3, scale h, scale w) SR images in image space.
        lr: ``'antialias'`` makes LR images as MATLAB does, ``'model'`` by ``degradation``, ``'stored'`` takes those in
            ``LR_bicubic/X<scale>``, named as the HR image with or without ``x<scale>``.
        degradation: The model's own.
        channels: ``'y'`` for luma, ``'rgb'``.

    Raises:
        UserError: Images are missing, too small, or do not fit each other.
    """
    paths = _images(folder)
    make = BicubicDegradation(scale, antialias=True) if lr == 'antialias' else degradation
    rows = []
    for path in track(paths, folder.name):
        if lr == 'stored':
            lr_rgb01 = read_rgb01(stored_lr(path, folder, scale))
            hr_rgb01 = _first_whole_pixels(read_rgb01(path), lr_rgb01, scale)
        else:
            hr_rgb01 = read_hr(path, scale)
            lr_rgb01 = make(hr_rgb01, [seed_of_name(str(path))])
        with torch.no_grad():
            enlarged = (
                F.interpolate(lr_rgb01, scale_factor=scale, mode='bicubic', antialias=True),
                super_resolve(lr_rgb01),
            )
        rows.append([compare(image, hr_rgb01, scale, channels, path) for image in enlarged])
    bicubic, sr = (_means([row[column] for row in rows]) for column in range(2))
    return Score(folder.name, len(paths), bicubic, sr)


def _first_whole_pixels(hr_rgb01: Tensor, lr_rgb01: Tensor, scale: int) -> Tensor:
    """The HR image without the last pixels that no LR pixel holds: the archives are cut at the lower right."""
    height, width = (scale * side for side in lr_rgb01.shape[-2:])
    over = hr_rgb01.shape[-2] - height, hr_rgb01.shape[-1] - width
    fits = all(0 <= pixels < scale for pixels in over)
    return hr_rgb01[..., :height, :width] if fits else hr_rgb01


def compare(
    image_rgb01: Tensor, hr_rgb01: Tensor, border: int, channels: str, path: Path
) -> tuple[float, float]:
    """PSNR in dB and SSIM of one image, rounded to 8 bits, without a border.

    Raises:
        UserError: The two differ in size, or too little is left.
    """
    if image_rgb01.shape != hr_rgb01.shape:
        raise UserError(
            f'the LR image of {path} gives {tuple(image_rgb01.shape[-2:])} px for an HR image of '
            f'{tuple(hr_rgb01.shape[-2:])} px; its LR images are of another scale.'
        )
    if min(hr_rgb01.shape[-2:]) - 2 * border < WINDOW:
        raise UserError(f'{path} is too small to be compared; take it out of the folder.')
    inner = (..., slice(border, -border), slice(border, -border))
    pair = [quantize_rgb01(image.double().cpu())[inner] for image in (image_rgb01, hr_rgb01)]
    if channels == 'y':
        pair = [luma(image) for image in pair]
    return psnr(*pair).item(), ssim(*pair).item()


def stored_lr(path: Path, folder: Path, scale: int) -> Path:
    """The LR image that belongs to an HR image.

    Raises:
        UserError: There is none.
    """
    below = folder / 'LR_bicubic' / f'X{scale}'
    for stem in (f'{path.stem}x{scale}', path.stem):
        if (below / f'{stem}{path.suffix}').is_file():
            return below / f'{stem}{path.suffix}'
    raise UserError(
        f'{below / path.stem}x{scale}{path.suffix} does not exist; unpack the LR images there, or make them: --lr '
        'antialias.'
    )


def table(scores: Sequence[Score], header: Mapping[str, str]) -> str:
    """Markdown, a row a set.

    Args:
        scores: The sets.
        header: Names of the columns ``bicubic`` and ``sr``.
    """
    lines = [f'| set | images | {header["bicubic"]} | {header["sr"]} |', '|---|---|---|---|']
    for score in scores:
        cells = (f'{value[0]:.2f} / {value[1]:.4f}' for value in (score.bicubic, score.sr))
        lines.append(f'| {score.name} | {score.images} | {" | ".join(cells)} |')
    return '\n'.join(lines)


def _images(folder: Path) -> list[Path]:
    source = folder / 'HR' if (folder / 'HR').is_dir() else folder
    known = DATA_SETS.get(folder.name.lower())
    fault = next(known.faults(folder), None) if known else None
    paths = sorted(
        path
        for path in (source.iterdir() if source.is_dir() else ())
        if path.suffix.lower() in IMAGE_SUFFIXES
    )
    if not paths:
        raise UserError(fault or f'{folder} holds no image; name a folder of HR images.')
    if fault and len(paths) < known.parts[0].count:
        raise UserError(fault)
    return paths


def _means(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return fmean(pair[0] for pair in pairs), fmean(pair[1] for pair in pairs)
