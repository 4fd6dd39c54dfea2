"""From a trained model and LR images to predictions."""

from __future__ import annotations

import colorsys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from pickle import UnpicklingError

import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import DefaultScope, init_default_scope
from mmengine.runner import load_checkpoint
from mmengine.structures import BaseDataElement

from sr4ir_mm.models.task_driven_sr import TaskDrivenSR
from sr4ir_mm.registry import MODELS, VISUALIZERS
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.visualization import StripPainter


def init_model(
    config: str | Path | Config,
    checkpoint: str | None = None,
    device: str = 'cpu',
    lr_input: bool = True,
) -> TaskDrivenSR:
    """Build a model for inference and load its weights.

    Args:
        config: Config, or its file.
        checkpoint: Path or URL of the weights; None keeps the initial ones.
        device: Where the model runs.
        lr_input: Whether images are LR images; False takes HR images and degrades them, as benchmarks do.

    Returns:
        The model in eval mode, with ``cfg`` and ``dataset_meta`` (class names from the checkpoint) as attributes.

    Raises:
        UserError: The checkpoint cannot be read or is of another model.
    """
    cfg = config if isinstance(config, Config) else Config.fromfile(config)
    init_default_scope(cfg.default_scope)
    cfg.merge_from_dict(
        {'model.test_cfg.input': 'lr' if lr_input else 'hr', 'model.init_from': None}
    )
    model = MODELS.build(cfg.model)
    model.cfg = cfg
    model.dataset_meta = cfg.val_dataloader.dataset.get('metainfo') or {}
    if checkpoint is not None:
        meta = _load(model, str(checkpoint)).get('meta', {})
        model.dataset_meta = meta.get('dataset_meta') or model.dataset_meta
    model.dataset_meta = with_palette(model.dataset_meta)
    return model.to(device).eval()


def _load(model: TaskDrivenSR, checkpoint: str) -> dict:
    try:
        return load_checkpoint(model, checkpoint, map_location='cpu', strict=True)
    except (OSError, EOFError, RuntimeError, ValueError, UnpicklingError) as error:
        reason = ' '.join(str(error).split())[:300]
        raise UserError(
            f'{checkpoint} does not fit the config ({reason}); give the config it was trained with.'
        ) from error


def with_palette(dataset_meta: Mapping) -> dict:
    """Class names with a colour each; data sets that bring no colours get spread hues."""
    count = len(dataset_meta.get('classes') or ())
    hues = [colorsys.hsv_to_rgb(index / max(count, 1), 0.8, 0.9) for index in range(count)]
    palette = [[round(255 * channel) for channel in colour] for colour in hues]
    # mmdet's visualizer takes tuples only.
    colours = [tuple(colour) for colour in dataset_meta.get('palette') or palette]
    return {**dataset_meta, 'palette': colours}


@torch.no_grad()
def predict(model: TaskDrivenSR, images: Sequence[str | Path]) -> list[BaseDataElement]:
    """Recognise LR images.

    Args:
        model: From :func:`init_model`.
        images: Image files, taken as LR images as they are, one at a time.

    Returns:
        The task library's data samples, with boxes and masks in the LR images' own coordinates and the images (3, H, W)
        in image space as fields, see :meth:`TaskDrivenSR.predict`.

    Raises:
        UserError: An image is missing, truncated or no image.
    """
    return [model.test_step(batch)[0] for batch in _batches(model, images)]


def draw(model: TaskDrivenSR, images: Sequence[str | Path], score_thr: float = 0.3) -> list:
    """Strips LR | bilinear | SR of LR images, (H, W, 3) uint8 RGB, with predictions on each kind."""
    painter = make_painter(model, score_thr)
    return [painter.strips(model, batch, 1)[0] for batch in _batches(model, images)]


def make_painter(model: TaskDrivenSR, score_thr: float = 0.3) -> StripPainter:
    """What draws for this model: its task library's visualizer with its classes."""
    visualizer = VISUALIZERS.get(model.cfg.visualizer.type)
    return StripPainter(visualizer, f'painter_{id(model)}', model.dataset_meta, score_thr)


def _batches(model: TaskDrivenSR, images: Sequence[str | Path]) -> Iterator[dict]:
    """Load images one at a time, neither resized nor cropped: they are LR images."""
    pack = dict(model.cfg.test_dataloader.dataset.pipeline[-1])
    with DefaultScope.overwrite_default_scope(model.cfg.default_scope):
        load = Compose([dict(type='sr4ir_mm.LoadImage'), pack])
    for image in images:
        yield pseudo_collate([load(dict(img_path=str(image), img_id=0))])
