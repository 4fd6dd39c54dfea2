"""Predict on many images and write what was found: what tools/predict.py and demo/image_demo.py do."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from sr4ir_mm.apis.describe import as_dict, describe
from sr4ir_mm.apis.inferencer import Answer, SR4IRInferencer
from sr4ir_mm.apis.inputs import Input
from sr4ir_mm.utils.errors import UserError


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
        inputs: See :meth:`SR4IRInferencer.__call__`.
        out_dir: Gets ``NAME.png`` (LR | bilinear | SR), ``sr/NAME.png``, of segmentations ``labels/NAME.png``.
        batch_size: Images at a time.
        score_thr: Least score told and drawn.

    Raises:
        UserError: An image could not be predicted on; the others are done first.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    written: dict[str, Any] = {}
    errors: list[str] = []
    meta = inferencer.model.dataset_meta
    for answer in inferencer.stream(inputs, batch_size, return_vis=True, score_thr=score_thr):
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
    """
    pictures = {
        out_dir / f'{stem}.png': answer.picture,
        out_dir / 'sr' / f'{stem}.png': answer.sr_rgb,
    }
    for path, picture in pictures.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), picture[..., ::-1])
    if 'pred_sem_seg' in answer.sample:
        labels = answer.sample.pred_sem_seg.data.squeeze(0).numpy().astype(np.uint8)
        (out_dir / 'labels').mkdir(exist_ok=True)
        cv2.imwrite(str(out_dir / 'labels' / f'{stem}.png'), labels)
    return out_dir / f'{stem}.png'


def _new_stem(name: str, taken: set[str]) -> str:
    """File name without suffix for an image, unlike those of other folders' images."""
    path, _, frame = name.partition('#')
    stem = Path(path).stem + (f'_{frame}' if frame else '')
    return next(
        candidate
        for candidate in (stem, *(f'{stem}_{number}' for number in range(2, len(taken) + 3)))
        if candidate not in taken
    )
