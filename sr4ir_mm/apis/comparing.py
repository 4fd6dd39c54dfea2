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
from sr4ir_mm.apis.report.runs import unique_names
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.visualization import hstack_panels, predict_kind

BILINEAR = 'bilinear'
HR = 'HR'


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
    if not names:
        short = short_names(models)
        names = [short[model] for model in models]
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


def short_names(models: Sequence[str]) -> dict[str, str]:
    """Names for tables and pictures by model: a shipped model's own, of checkpoints folder and file.

    Checkpoints whose folder and file are called alike get as many folders as tell them apart.

    Raises:
        UserError: One checkpoint is named in two ways.
    """
    files = [model for model in dict.fromkeys(models) if Path(model).is_file()]
    full = unique_names([Path(model) for model in files], least=2)
    stems = [name.removesuffix(Path(name).suffix) for name in full]
    # Two files may differ in nothing but their suffix.
    names = stems if len(set(stems)) == len(stems) else full
    return {model: model for model in models} | dict(zip(files, names, strict=True))


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
        samples[HR] = _predict(last, image, 'hr')
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
    first, *others = samples.items()
    owner = _owner(models, first[0])
    parts = [owner.painter(score_thr).strip(owner.model, dict([first]))]
    for title, sample in others:
        owner = _owner(models, title)
        panel = owner.painter(score_thr).panel(owner.model, sample, title)
        parts.append(hstack_panels([panel]))
    height = max(len(part) for part in parts)
    parts = [
        np.pad(part, ((0, height - len(part)), (0, 0), (0, 0)), constant_values=255)
        for part in parts
    ]
    return np.concatenate(parts, axis=1)


def tell(
    models: Mapping[str, SR4IRInferencer],
    samples: Mapping[str, BaseDataElement],
    score_thr: float = 0.3,
) -> list[tuple[str, str]]:
    """(title, predictions in words) of each sample."""
    return [
        (title, describe(sample, _owner(models, title).model.dataset_meta, score_thr))
        for title, sample in samples.items()
    ]


def _owner(models: Mapping[str, SR4IRInferencer], title: str) -> SR4IRInferencer:
    """The model that made a sample of :func:`predict_all`; each has classes of its own."""
    by_title = {BILINEAR: next(iter(models.values())), HR: list(models.values())[-1], **models}
    return by_title[title]
