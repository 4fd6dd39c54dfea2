"""Use a trained model: from images of any source to the task library's data samples, SR images and pictures."""

from __future__ import annotations

import colorsys
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.infer import BaseInferencer
from mmengine.registry import DefaultScope, Registry
from mmengine.structures import BaseDataElement

from sr4ir_mm.apis.checkpoints import find_model, load_weights
from sr4ir_mm.apis.describe import as_dict
from sr4ir_mm.apis.inputs import Images, Input, Loaded
from sr4ir_mm.apis.tiling import TiledSR
from sr4ir_mm.models.task_driven_sr import TaskDrivenSR
from sr4ir_mm.registry import MODELS, VISUALIZERS
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.kinds import class_name
from sr4ir_mm.utils.track import track
from sr4ir_mm.visualization import StripPainter, to_uint8

_LOADERS = ('Load', 'InferencerLoader')
_OUT_OF_MEMORY = ("can't allocate memory", 'not enough memory')
PRECISIONS = {
    'float32': torch.float32,
    'float16': torch.float16,
    'bfloat16': torch.bfloat16,
}


@dataclass(frozen=True)
class Answer:
    """What is known of one image.

    Attributes:
        name: See :class:`Loaded`.
        sample: The task library's data sample, on the CPU.
        sr_rgb: (H, W, 3) uint8, what the task network saw.
        picture: (H, W, 3) uint8 RGB strip LR | bilinear | SR with predictions, if asked for.
        error: One sentence if there is no answer.
    """

    name: str
    sample: BaseDataElement | None = None
    sr_rgb: np.ndarray | None = None
    picture: np.ndarray | None = None
    error: str | None = None


class SR4IRInferencer(BaseInferencer):
    """Recognise images with a trained model, as ``mmdet.apis.DetInferencer`` and its like do.

    Args:
        model: Config, its file, 'library::path', its name below ``configs/``, or the name of a shipped model; None
            takes the config that the checkpoint holds.
        weights: Checkpoint, path or URL; None for the weights of a shipped model.
        device: Such as 'cpu', 'cuda:0' or a torch.device; the accelerator if there is one by default.
        input: 'lr' takes images as LR images; 'hr' makes LR images of them as the benchmark of the config does.
        coordinates: For LR input, whether predictions are told in 'lr' or 'sr' pixels.
        image: Kind of image shown to the task network, 'sr', 'up' or 'hr'; the config's by default.
        precision: 'float16' or 'bfloat16' computes in 16 bits: the SR network on any device, all of it on CUDA.
        compile: Compile the SR network (torch.compile), which pays off after some images.
        tile: Side of the parts, in LR px, that large images are super-resolved in; None never splits; 'auto' does so,
            with a notice, when memory is short, see :class:`TiledSR`.
        show_progress: Tell progress and time left on stderr.

    Example:
        >>> inferencer = SR4IRInferencer('sr4ir_x4_scenes-det')
        >>> inferencer('demo/images/scene_lr.png')['predictions'][0].pred_instances

    Raises:
        UserError: No such model or weights, weights of another model, or settings that contradict each other.
    """

    def __init__(
        self,
        model: str | Path | Config | Mapping | None = None,
        weights: str | Path | None = None,
        device: str | torch.device | None = None,
        input: str = 'lr',
        coordinates: str = 'lr',
        image: str | None = None,
        precision: str = 'float32',
        compile: bool = False,
        tile: int | str | None = 'auto',
        show_progress: bool = True,
    ) -> None:
        _check_choice('input', input, ('lr', 'hr'))
        _check_choice('coordinates', coordinates, ('lr', 'sr'))
        _check_choice('precision', precision, PRECISIONS)
        device = _usable(device)
        cfg, self._checkpoint, name = find_model(model, weights)
        _check_is_task_driven(cfg, name if model is None else model)
        if self._checkpoint is None:
            raise UserError(
                f'there are no weights for {model}; give the checkpoint of a training with weights=.'
            )
        self._name, self._tile, self._compile = name, tile, compile
        self.precision = PRECISIONS[precision]
        self.input = input
        self.own_input = (cfg.model.get('test_cfg') or {}).get('input', 'hr')
        test_cfg = dict(input=input, coordinates=coordinates, **({'image': image} if image else {}))
        cfg.merge_from_dict({'model': dict(test_cfg=test_cfg, init_from=None)})
        super().__init__(cfg, None, device, cfg.get('default_scope'), show_progress)
        self.name = Path(name).stem
        self._painters: dict[float, StripPainter] = {}

    def __call__(
        self,
        inputs: Input | Sequence[Input],
        batch_size: int = 1,
        return_datasamples: bool = True,
        return_vis: bool = False,
        score_thr: float = 0.3,
    ) -> dict[str, list]:
        """Predict on images.

        Args:
            inputs: A file, folder, pattern, video (frame by frame), or (H, W, 3) uint8 BGR array, or several of them.
            batch_size: Images at a time; only neighbours of one size share a batch.
            return_datasamples: False turns data samples into plain dicts that fit into JSON.
            return_vis: Draw LR | bilinear | SR with predictions.
            score_thr: Least score that is drawn.

        Returns:
            'predictions' (data samples or dicts), 'sr_images' ((H, W, 3) uint8 RGB), 'visualization' (pictures, if
            asked for), 'names', each an item an image that could be read; 'errors' (name -> sentence) of the others.

        Raises:
            UserError: No image at all could be predicted on.
        """
        answers = list(self.stream(inputs, batch_size, return_vis, score_thr))
        good = [answer for answer in answers if answer.error is None]
        errors = {answer.name: answer.error for answer in answers if answer.error is not None}
        if not good:
            raise UserError(next(iter(errors.values()), 'there is no image to predict on.'))
        results = self.postprocess(good, self.visualize(good), return_datasamples)
        return {**results, 'errors': errors}

    def stream(
        self,
        inputs: Input | Sequence[Input],
        batch_size: int = 1,
        return_vis: bool = False,
        score_thr: float = 0.3,
    ) -> Iterator[Answer]:
        """The answers of :meth:`__call__` one after another, for more images than fit into the memory."""
        images = Images(inputs)
        loaded = track(images, 'predicting') if self.show_progress else iter(images)
        for batch in same_sized(loaded, batch_size):
            if batch[0].error is not None:
                yield Answer(batch[0].name, error=batch[0].error)
                continue
            yield from self._answer(batch, return_vis, score_thr)

    def preprocess(self, inputs: Sequence[Loaded], batch_size: int = 1, **kwargs: Any) -> dict:
        """One collated batch of loaded images."""
        with DefaultScope.overwrite_default_scope(self.scope):
            return self.collate_fn([self.pipeline(image) for image in inputs])

    @torch.no_grad()
    def forward(self, inputs: dict, **kwargs: Any) -> list[BaseDataElement]:
        """Data samples of one collated batch.

        Raises:
            UserError: The device's memory does not hold it.
        """
        with DefaultScope.overwrite_default_scope(self.scope), self._autocast():
            return self.model.test_step(inputs)

    def visualize(self, inputs: list, preds: object = None, **kwargs: Any) -> list[np.ndarray]:
        """Pictures of the answers that have one."""
        return [answer.picture for answer in inputs if answer.picture is not None]

    def postprocess(
        self,
        preds: list[Answer],
        visualization: list[np.ndarray],
        return_datasample: bool = True,
        **kwargs: Any,
    ) -> dict[str, list]:
        """Lay the answers out by kind."""
        samples = [answer.sample for answer in preds]
        if not return_datasample:
            samples = [as_dict(sample, self.model.dataset_meta) for sample in samples]
        return dict(
            names=[answer.name for answer in preds],
            predictions=samples,
            sr_images=[answer.sr_rgb for answer in preds],
            visualization=visualization,
        )

    def painter(self, score_thr: float = 0.3) -> StripPainter:
        """What draws for this model: its task library's visualizer with its classes."""
        if score_thr not in self._painters:
            self._painters[score_thr] = make_painter(self.model, score_thr)
        return self._painters[score_thr]

    # ---- one batch ------------------------------------------------------------------------------------------------

    def _answer(
        self, batch: Sequence[Loaded], return_vis: bool, score_thr: float
    ) -> Iterator[Answer]:
        """Answers of images of one size; a batch that the memory does not hold is taken one by one."""
        try:
            samples, pictures = self._predict(batch, return_vis, score_thr)
        except Exception as error:
            sentence = self._sentence(error, batch)
            if sentence is None:
                raise
            if len(batch) > 1:
                for image in batch:
                    yield from self._answer([image], return_vis, score_thr)
                return
            yield Answer(batch[0].name, error=sentence)
            return
        for image, sample, picture in zip(batch, samples, pictures, strict=True):
            yield Answer(image.name, sample, to_uint8(sample.get('sr_rgb01')), picture)

    def _predict(
        self, batch: Sequence[Loaded], return_vis: bool, score_thr: float
    ) -> tuple[list[BaseDataElement], list[np.ndarray | None]]:
        samples = [sample.cpu() for sample in self.forward(self.preprocess(batch))]
        pictures: list[np.ndarray | None] = [None] * len(batch)
        if return_vis:
            with DefaultScope.overwrite_default_scope(self.scope), self._autocast():
                painter, data = self.painter(score_thr), self.preprocess(batch)
                pictures = painter.strips(self.model, data, len(batch))
        return samples, pictures

    def _sentence(self, error: Exception, batch: Sequence[Loaded]) -> str | None:
        """The sentence for an error; None where its traceback is asked for, or is not the image's."""
        if isinstance(error, UserError):
            return str(error)
        short = isinstance(error, (torch.cuda.OutOfMemoryError, MemoryError))
        if short or any(text in str(error) for text in _OUT_OF_MEMORY):
            height, width = batch[0].image.shape[:2]
            device = next(self.model.parameters()).device
            return (
                f'{batch[0].name} ({width} x {height} px) does not fit into the memory of {device}; give a smaller '
                "image, precision='float16', or device='cpu'."
            )
        if type(error).__module__.startswith('torch._dynamo'):
            return 'torch cannot compile this model here; leave compile out.'
        if os.getenv('SR4IR_DEBUG') == '1':
            return None
        # Such as mmdet's IndexError on images of few px: one image must not cost the answers of all others.
        height, width = batch[0].image.shape[:2]
        reason = ' '.join(str(error).split())[:160]
        return (
            f'{batch[0].name} ({width} x {height} px) cannot be predicted on ({type(error).__name__}: {reason}); '
            'leave it out or give it larger, SR4IR_DEBUG=1 shows where it fails.'
        )

    def _autocast(self) -> AbstractContextManager:
        """16 bits for the task network too where its operators have them."""
        device = next(self.model.parameters()).device
        if self.precision == torch.float32 or device.type != 'cuda':
            return nullcontext()
        return torch.autocast(device.type, dtype=self.precision)

    # ---- what mmengine's BaseInferencer asks for ------------------------------------------------------------------

    def _init_model(self, cfg: Config, weights: str | None, device: str = 'cpu') -> TaskDrivenSR:
        with DefaultScope.overwrite_default_scope(cfg.get('default_scope')):
            model = build_model(cfg)
        checkpoint, self._checkpoint = self._checkpoint, None
        load_weights(model, checkpoint, self._name)
        meta = (checkpoint.get('meta') or {}).get('dataset_meta')
        model.dataset_meta = with_palette(meta or model.dataset_meta)
        if 'sr_net' in model.nets():
            model.sr_net = TiledSR(model.sr_net, model.scale, self._tile, self.precision)
        if self._compile and 'sr_net' in model.nets():
            # Not the backbone: torch 2.4 compiles some of mmdet's to ones that lose outputs.
            model.sr_net.net.compile(dynamic=True)
        return model.to(device).eval()

    def _init_pipeline(self, cfg: Config) -> Compose:
        pipeline = cfg.test_dataloader.dataset.pipeline
        # LR images are taken as they are, unless the config's own pipeline is for such.
        kept = pipeline if self.input == self.own_input else pipeline[-1:]
        steps = [dict(step) for step in kept if not _loads(step)]
        with DefaultScope.overwrite_default_scope(cfg.get('default_scope')):
            return Compose([to_results, *steps])

    def _init_collate(self, cfg: Config) -> Any:
        return pseudo_collate

    def _init_visualizer(self, cfg: Config) -> None:
        return None


def build_model(cfg: Config) -> TaskDrivenSR:
    """Build the model of a config in eval mode, with ``cfg`` and ``dataset_meta`` as attributes."""
    model = MODELS.build(cfg.model)
    model.cfg = cfg
    model.dataset_meta = with_palette(cfg.test_dataloader.dataset.get('metainfo') or {})
    return model.eval()


def make_painter(model: TaskDrivenSR, score_thr: float = 0.3) -> StripPainter:
    """What draws for a model of :func:`build_model`: its task library's visualizer with its classes."""
    settings, scope = model.cfg.get('visualizer') or {}, model.cfg.get('default_scope')
    visualizer = registered(VISUALIZERS, settings, scope)
    if visualizer is None:
        raise UserError(
            f'the config names no visualizer that can be found ({settings.get("type")!r}, looked up from scope '
            f"{scope!r}); set one, such as visualizer=dict(type='mmdet.DetLocalVisualizer')."
        )
    meta = model.dataset_meta if model.dataset_meta.get('classes') else numbered_classes(model)
    return StripPainter(visualizer, f'painter_{id(model)}_{score_thr}', meta, score_thr)


def registered(registry: Registry, settings: Mapping, default_scope: str | None) -> type | None:
    """The class that a part of a config names, in its own scope or the config's; None if there is none."""
    kind = settings.get('type')
    if not isinstance(kind, str):
        return kind
    with registry.switch_scope_and_registry(settings.get('_scope_') or default_scope) as own:
        return own.get(kind)


def numbered_classes(model: TaskDrivenSR) -> dict:
    """Class names for a model that knows none: label maps are not drawn without."""
    counts = [getattr(module, 'num_classes', 0) for module in model.task_net.modules()]
    most = max((count for count in counts if isinstance(count, int)), default=0)
    return with_palette({'classes': tuple(f'class {label}' for label in range(most))})


def to_results(loaded: Loaded) -> dict[str, Any]:
    """A loaded image as a pipeline's loading transform leaves it."""
    height, width = loaded.image.shape[:2]
    return dict(
        img=loaded.image,
        img_path=loaded.name,
        img_id=0,
        img_shape=(height, width),
        ori_shape=(height, width),
        scale_factor=(1.0, 1.0),
        flip=False,
        flip_direction=None,
        instances=[],
    )


def same_sized(images: Iterator[Loaded], batch_size: int) -> Iterator[list[Loaded]]:
    """Batches of neighbours of one size; what could not be loaded stands alone."""
    batch: list[Loaded] = []
    for image in images:
        fits = bool(batch) and image.error is None and image.image.shape == batch[0].image.shape
        if batch and (not fits or len(batch) == batch_size):
            yield batch
            batch = []
        if image.error is None:
            batch.append(image)
        else:
            yield [image]
    if batch:
        yield batch


def with_palette(dataset_meta: Mapping) -> dict:
    """Class names with a colour each; data sets that bring no colours get spread hues, those without classes none."""
    count = len(dataset_meta.get('classes') or ())
    if count == 0:
        # The libraries' visualizers find colours of their own only where there is no palette, not even an empty one.
        return {key: value for key, value in dataset_meta.items() if key != 'palette'}
    hues = [colorsys.hsv_to_rgb(index / count, 0.8, 0.9) for index in range(count)]
    palette = [[round(255 * channel) for channel in colour] for colour in hues]
    # mmdet's visualizer takes tuples only.
    colours = [tuple(colour) for colour in dataset_meta.get('palette') or palette]
    return {**dataset_meta, 'palette': colours}


def _loads(step: Mapping) -> bool:
    """Whether a transform loads from files: the image is there already, annotations are not."""
    return class_name(step).startswith(_LOADERS)


def _check_choice(name: str, value: Any, choices: Sequence | Mapping) -> None:
    if value not in choices:
        raise UserError(f'{name}={value!r} is unknown; choose one of {sorted(choices)}.')


def _check_is_task_driven(cfg: Config, name: Any) -> None:
    """Refuse configs of plain task networks, and files that are no config of a model."""
    settings = cfg.get('model') or {}
    found = registered(MODELS, settings, cfg.get('default_scope'))
    # What is not registered at all is told when it is built.
    if settings and (
        found is None or not isinstance(found, type) or issubclass(found, TaskDrivenSR)
    ):
        return
    told = f'type={settings.get("type")!r}' if settings else 'no model'
    shown = name if isinstance(name, (str, Path)) else 'the config'
    raise UserError(
        f'{shown} holds {told} instead of a TaskDrivenSR; put an SR network in front of a task network with '
        'tools/wrap_config.py, and give the config it writes.'
    )


def _usable(device: str | torch.device | None) -> str | None:
    """The device's name, if it is there."""
    if device is None:
        return None
    name = str(device)
    if name.startswith('cuda') and not torch.cuda.is_available():
        raise UserError(f"device={name!r} is not there (torch sees no GPU); use device='cpu'.")
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError) as error:
        reason = ' '.join(str(error).split())[:100]
        raise UserError(
            f"device={name!r} cannot be used ({reason}); give 'cpu', or such as 'cuda:0' for a GPU."
        ) from error
    return name
