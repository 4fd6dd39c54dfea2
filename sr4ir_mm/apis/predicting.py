"""Predict on many images and write what was found: what tools/predict.py and demo/image_demo.py do."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sr4ir_mm.apis.describe import as_dict, describe, label_map
from sr4ir_mm.apis.inferencer import Answer, SR4IRInferencer
from sr4ir_mm.apis.inputs import VIDEO_SUFFIXES, Input, expand
from sr4ir_mm.apis.outputs import check_folder, write_picture
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.images import free_stem

_FRAME = re.compile(r'(.+)#(\d{6,})')


def predict_to_folder(
    inferencer: SR4IRInferencer,
    inputs: Input | Sequence[Input],
    out_dir: Path,
    batch_size: int = 1,
    score_thr: float = 0.3,
) -> None:
    """Predict, tell each answer on a line, and write pictures, SR images and ``predictions.json`` into a folder.

    Args:
        inferencer: The model.
        inputs: See :meth:`SR4IRInferencer.__call__`; a file that is named twice is taken once.
        out_dir: Gets ``NAME.png`` (LR | bilinear | SR), ``sr/NAME.png``, of segmentations ``labels/NAME.png``.
        batch_size: Images at a time.
        score_thr: Least score told and drawn.

    Raises:
        UserError: An image could not be predicted on; the others are done first. Before anything is written: the folder
            does not take files, or holds inputs that pictures would overwrite.
    """
    items = _once_each(expand(inputs))
    check_folder(out_dir, '--out-dir')
    _check_inputs_are_kept(items, out_dir)
    written: dict[str, Any] = {}
    errors: list[str] = []
    meta = inferencer.model.dataset_meta
    for answer in inferencer.stream(items, batch_size, return_vis=True, score_thr=score_thr):
        if answer.error is not None:
            errors.append(answer.error)
            print(f'{answer.name}: skipped: {answer.error}', flush=True)
            continue
        stem = _new_stem(answer.name, {record['picture'] for record in written.values()})
        picture = write_pictures(answer, out_dir, stem)
        found = describe(answer.sample, meta, score_thr)
        print(f'{answer.name}: {found}; picture {picture}', flush=True)
        written[answer.name] = dict(picture=stem, **as_dict(answer.sample, meta))
    (out_dir / 'predictions.json').write_text(json.dumps(written, indent=1) + '\n')
    if errors:
        raise UserError(
            f'{len(errors)} of {len(errors) + len(written)} images could not be used, the first because {errors[0]}'
        )


def write_pictures(answer: Answer, out_dir: Path, stem: str) -> Path:
    """Write the pictures of one answer.

    Returns:
        The strip LR | bilinear | SR.

    Raises:
        UserError: One cannot be written.
    """
    write_picture(out_dir / f'{stem}.png', answer.picture)
    write_picture(out_dir / 'sr' / f'{stem}.png', answer.sr_rgb)
    labels = label_map(answer.sample)
    if labels is not None:
        write_picture(out_dir / 'labels' / f'{stem}.png', labels)
    return out_dir / f'{stem}.png'


def _once_each(items: Sequence[str | np.ndarray]) -> list[str | np.ndarray]:
    """Arrays, and each file where it is named first."""
    kept: dict[Any, str | np.ndarray] = {}
    for index, item in enumerate(items):
        key = index if isinstance(item, np.ndarray) else os.path.realpath(item)
        kept.setdefault(key, item)
    return list(kept.values())


def _check_inputs_are_kept(items: Sequence[str | np.ndarray], out_dir: Path) -> None:
    """Refuse to write pictures over the images they are made of.

    Raises:
        UserError: A picture in one of the folders that are written to is an input, also by a link.
    """
    files = [item for item in items if not isinstance(item, np.ndarray) and os.path.exists(item)]
    inputs = {(stat.st_dev, stat.st_ino) for stat in map(os.stat, files)}
    for folder in (out_dir, out_dir / 'sr', out_dir / 'labels'):
        for path in sorted(folder.glob('*.png')):
            stat = path.stat() if path.exists() else None
            if stat is not None and (stat.st_dev, stat.st_ino) in inputs:
                raise UserError(
                    f'{path} is an input, and its picture would be written over it; give another folder with '
                    '--out-dir.'
                )


def _new_stem(name: str, taken: set[str]) -> str:
    """File name without suffix for an image, unlike those of other folders' images."""
    frame = _FRAME.fullmatch(name)
    if frame and Path(frame[1]).suffix.lower() in VIDEO_SUFFIXES:
        stem = f'{Path(frame[1]).stem}_{frame[2]}'
    else:
        stem = Path(name).stem
    return free_stem(stem, taken)
