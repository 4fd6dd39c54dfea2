"""Several trained models on the same image, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from mmengine.registry import DefaultScope
from mmengine.structures import BaseDataElement

from sr4ir_mm.apis.describe import describe
from sr4ir_mm.apis.inferencer import SR4IRInferencer
from sr4ir_mm.apis.inputs import Loaded
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.visualization import predict_kind

BILINEAR = 'bilinear'


def load_models(
    models: Sequence[str], names: Sequence[str] | None = None, **settings: str | None
) -> dict[str, SR4IRInferencer]:
    """Load models to compare.

    Args:
        models: Names of shipped models or checkpoints that hold their config.
        names: What to call them; their own names by default.
        settings: ``device`` and ``input``, see :class:`SR4IRInferencer`.

    Returns:
        The models by name.

    Raises:
        UserError: One cannot be loaded, or names and models are not of the same number.
    """
    names = names or [_name(model) for model in models]
    if len(set(names)) != len(models) or len(names) != len(models):
        raise UserError(
            f'{len(models)} models need {len(models)} different names, not {list(names)}; give them with --names.'
        )
    loaded = {}
    for name, model in zip(names, models, strict=True):
        named = dict(weights=model) if Path(model).is_file() else dict(model=model)
        loaded[name] = SR4IRInferencer(**named, **settings, show_progress=False)
    scales = {inferencer.model.scale for inferencer in loaded.values()}
    scopes = {inferencer.scope for inferencer in loaded.values()}
    if len(scales) > 1 or len(scopes) > 1:
        raise UserError(
            f'models of different scales {sorted(scales)} or libraries {sorted(scopes)} cannot share an image.'
        )
    return loaded


def _name(model: str) -> str:
    path = Path(model)
    return f'{path.parent.name}/{path.stem}' if path.is_file() else model


def predict_all(models: Mapping[str, SR4IRInferencer], image: Loaded) -> dict[str, BaseDataElement]:
    """Title -> data sample, in the order of the panels.

    The first is what the first model's task network makes of the bilinearly enlarged image, then comes each model with
    the image kind of its method, last the last model's task network on the HR image, where there is one. Boxes and
    label maps are in the coordinates of the enlarged image.
    """
    first, last = next(iter(models.values())), list(models.values())[-1]
    shown = {name: inferencer.model.test_cfg['image'] for name, inferencer in models.items()}
    samples = {}
    if 'up' not in shown.values():
        samples[BILINEAR] = _predict(first, image, 'up')
    for name, inferencer in models.items():
        samples[name] = _predict(inferencer, image, shown[name])
    if last.input == 'hr' and 'hr' not in shown.values():
        samples['HR'] = _predict(last, image, 'hr')
    return samples


@torch.no_grad()
def _predict(inferencer: SR4IRInferencer, image: Loaded, kind: str) -> BaseDataElement:
    with DefaultScope.overwrite_default_scope(inferencer.scope):
        return predict_kind(inferencer.model, inferencer.preprocess([image]), kind)[0].cpu()


def strip(
    models: Mapping[str, SR4IRInferencer],
    samples: Mapping[str, BaseDataElement],
    score_thr: float = 0.3,
) -> np.ndarray:
    """(H, W, 3) uint8 RGB: the LR image, then a panel for each sample of :func:`predict_all`."""
    first = next(iter(models.values()))
    return first.painter(score_thr).strip(first.model, samples)


def tell(
    models: Mapping[str, SR4IRInferencer],
    samples: Mapping[str, BaseDataElement],
    score_thr: float = 0.3,
) -> list[tuple[str, str]]:
    """(title, predictions in words) of each sample."""
    meta = next(iter(models.values())).model.dataset_meta
    return [(title, describe(sample, meta, score_thr)) for title, sample in samples.items()]
