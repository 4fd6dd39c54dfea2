"""LR images of a folder of HR images, written beside them: paired sets, and labelled LR sets without HR images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from sr4ir_mm.apis.inputs import IMAGE_SUFFIXES
from sr4ir_mm.datasets.transforms.loading import read_bgr
from sr4ir_mm.models.degradations import build_degradation, seed_of_name
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.images import to_rgb01, write_image
from sr4ir_mm.utils.track import track
from sr4ir_mm.visualization import to_uint8


def write_pairs(
    source: Path, out: Path, scale: int, degradation: Mapping | None = None
) -> tuple[Path, Path, int]:
    """Write every image below a folder as an HR and an LR image.

    HR images are cut to a multiple of the scale, around the middle. Their places below the folder stay, so that folders
    of classes and of splits do.

    Args:
        source: Folder with images at any depth.
        out: Folder to be; gets ``HR`` and ``LRx<scale>``, both PNG.
        scale: Factor between the two.
        degradation: Config of a degradation; bicubic without antialiasing by default.

    Returns:
        The two folders, and the number of pairs.

    Raises:
        UserError: There is no image, one cannot be read or is smaller than the scale, two would become the same file,
            or a file cannot be written.
    """
    degrade = build_degradation(degradation, scale)
    paths = sorted(p for p in source.rglob('*') if p.suffix.lower() in IMAGE_SUFFIXES)
    if not paths:
        raise UserError(f'{source} holds no image; name a folder of HR images.')
    folders = out / 'HR', out / f'LRx{scale}'
    targets = _targets(source, paths)
    for path in track(paths, 'degrading'):
        hr_rgb01 = read_hr(path, scale)
        lr_rgb01 = degrade(hr_rgb01, [seed_of_name(str(path))])
        for folder, image in zip(folders, (hr_rgb01, lr_rgb01), strict=True):
            write_image(folder / targets[path], to_uint8(image[0])[..., ::-1])
    return *folders, len(paths)


def _targets(source: Path, paths: Sequence[Path]) -> dict[Path, Path]:
    """Where each image goes, below the folder of its kind."""
    first: dict[Path, Path] = {}
    for path in paths:
        target = path.relative_to(source).with_suffix('.png')
        other = first.setdefault(target, path)
        if other != path:
            raise UserError(
                f'{other} and {path} would both become {target}; rename one of them or take it out.'
            )
    return {path: target for target, path in first.items()}


def read_hr(path: Path, scale: int) -> torch.Tensor:
    """(1, 3, H, W) image in image space, cut to a multiple of the scale around the middle.

    Raises:
        UserError: It cannot be read, or is smaller than the scale.
    """
    image = read_rgb01(path)
    height, width = image.shape[-2:]
    if min(height, width) < scale:
        raise UserError(
            f'{path} of {width} x {height} px is smaller than the scale {scale}; take it out.'
        )
    top, left = height % scale // 2, width % scale // 2
    height, width = height - height % scale, width - width % scale
    return image[..., top : top + height, left : left + width].contiguous()


def read_rgb01(path: Path) -> torch.Tensor:
    """(1, 3, H, W) image in image space.

    Raises:
        UserError: It cannot be read.
    """
    return to_rgb01(read_bgr(path))
