"""Export a trained model to ONNX or torch.export, and check the file against PyTorch."""

from __future__ import annotations

import errno
import json
import os
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from sr4ir_mm.apis.inferencer import SR4IRInferencer
from sr4ir_mm.apis.inputs import Images, Loaded
from sr4ir_mm.models.task_driven_sr import TaskDrivenSR
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.track import track

#: Largest difference between the file and PyTorch: of each output, or of its largest value where that is above 1.
TOLERANCE = 1e-3
OPSET = 17
#: The name under which a file says what it is.
_NOTE = 'sr4ir_mm'
#: Exported images have sides that are multiples of this and at least twice as long, where sizes are dynamic.
STEP = 8
_MOST = 2048
_TIMED_RUNS = 10
#: Bases of task networks -> the part that ends the graph; what follows it stays in Python. None ends after the neck.
_HEADS = {
    'ImageClassifier': 'head',
    'EncoderDecoder': 'decode_head',
    'SingleStageDetector': 'bbox_head',
    'TwoStageDetector': None,
}
_NO_GRAPH = ('CascadeEncoderDecoder', 'SingleStageInstanceSegmentor', 'DetectionTransformer')


class Graph(nn.Module):
    """What goes into the file: SR network, the way to the task space, task network up to its head.

    Args:
        model: The whole model.
        part: 'all', or 'sr' for the SR network alone.
    """

    def __init__(self, model: TaskDrivenSR, part: str = 'all') -> None:
        super().__init__()
        self.head_name = None if part == 'sr' else head_of(model)
        self.part = part
        self.scale = model.scale
        if 'sr_net' in model.nets():
            self.sr_net = getattr(model.sr_net, 'net', model.sr_net)
        if part == 'all':
            self.space = model.adapter.space
            self.task_net = model.task_net
            preprocessor = model.task_net.data_preprocessor
            self.padding = float(getattr(preprocessor, 'pad_value', 0) or 0)
        self.structure: Any = None
        #: Detectors and segmentors are told what of an image is padding.
        self.takes_border = part == 'all' and self.head_name != 'head'

    def inputs(self, lr_rgb01: Tensor, border: Tensor | None = None) -> tuple[Tensor, ...]:
        """Arguments of :meth:`forward` for LR images; without ``border`` nothing is padding."""
        if not self.takes_border:
            return (lr_rgb01,)
        if border is None:
            count, _, height, width = lr_rgb01.shape
            border = lr_rgb01.new_zeros(count, 1, self.scale * height, self.scale * width)
        return lr_rgb01, border.to(lr_rgb01)

    def forward(self, lr_rgb01: Tensor, border: Tensor | None = None) -> tuple[Tensor, ...]:
        """LR images to SR images and what the task network makes of them.

        Args:
            lr_rgb01: (N, 3, H, W), RGB in [0, 1].
            border: (N, 1, scale H, scale W), 1 where the SR image is padding, else 0; classifiers have none.

        Returns:
            (N, 3, scale H, scale W) SR images, then the tensors of the head or the neck.
        """
        sr_rgb01 = self.enlarge(lr_rgb01)
        if self.part == 'sr':
            return (sr_rgb01,)
        task = self.space.to_task(sr_rgb01)
        if border is not None:
            task = task * (1 - border) + self.padding * border
        found = self.task_net.extract_feat(task)
        if self.head_name is not None:
            found = getattr(self.task_net, self.head_name)(found)
        tensors, self.structure = pytree.tree_flatten(found)
        return (sr_rgb01, *tensors)

    def enlarge(self, lr_rgb01: Tensor) -> Tensor:
        """SR images, or bilinearly enlarged ones where there is no SR network."""
        if hasattr(self, 'sr_net'):
            return self.sr_net(lr_rgb01)
        return nn.functional.interpolate(lr_rgb01, scale_factor=self.scale, mode='bilinear')


def head_of(model: TaskDrivenSR) -> str | None:
    """Name of the task network's head that the graph ends with; None if it ends after the neck.

    Raises:
        UserError: The model cannot be exported; the sentence names what stands in the way.
    """
    task_net = model.task_net
    bases = [base.__name__ for base in type(task_net).__mro__]
    name = type(task_net).__name__
    refused = next((base for base in _NO_GRAPH if base in bases), None)
    known = next((base for base in _HEADS if base in bases), None)
    instead = "export the SR network alone with part='sr' (--part sr)"
    if refused or known is None:
        raise UserError(
            f'{name} cannot be exported with its task ({refused or "its class"} is not supported); {instead}.'
        )
    if getattr(model.adapter, 'resize', None) is not None:
        raise UserError(
            f'{name} enlarges SR images by adapter.resize, which has no graph of dynamic size; {instead}.'
        )
    if known == 'EncoderDecoder' and task_net.test_cfg.get('mode') == 'slide':
        raise UserError(
            f"{name} predicts in sliding windows (test_cfg.mode='slide'), which is no graph; {instead}."
        )
    return _HEADS[known]


@dataclass(frozen=True)
class Exported:
    """What came of an export.

    Attributes:
        path: The file.
        difference: Largest difference from PyTorch over all outputs and images.
        seconds: Of one image in the file's runtime, median.
        torch_seconds: The same in PyTorch.
        ends_with: The last part in the file.
    """

    path: Path
    difference: float
    seconds: float
    torch_seconds: float
    ends_with: str


def export(
    inferencer: SR4IRInferencer,
    path: Path,
    images: Sequence[str | Path | np.ndarray],
    part: str = 'all',
    size: tuple[int, int] | None = None,
) -> Exported:
    """Write a model to a file and check it on real images.

    Args:
        inferencer: The model, on the CPU.
        path: ``.onnx``, run by onnxruntime, or ``.pt2``, run by torch.export.load; an earlier file there is replaced by
            one that passed the check alone.
        images: LR images for the check, brought to multiples of 8 px by cutting.
        part: 'all' or 'sr'.
        size: (height, width) of LR images for a file of one size, as the model pads them; None for any multiple of 8
            px from 16 px on (ONNX files of convolutional networks take other sizes too).

    Raises:
        UserError: The model cannot be exported, the file cannot be written, or it differs from PyTorch by more than
            1e-3.
    """
    if path.suffix not in _WRITERS:
        raise UserError(
            f'{path} must end in {" or ".join(_WRITERS)}, which says what to export to.'
        )
    with _replacing(path) as draft:
        return _export(inferencer, path, draft, images, part, size)


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A file of the same name in a folder beside ``path``, which takes its place if all goes well.

    Raises:
        UserError: Nothing can be written there.
    """
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = TemporaryDirectory(prefix='.export_', dir=path.parent)
    except OSError as error:
        raise UserError(
            f'{path} cannot be written ({error.strerror}); give another file, or correct the rights.'
        ) from error
    with folder:
        draft = Path(folder.name) / path.name
        yield draft
        os.replace(draft, path)


def _export(
    inferencer: SR4IRInferencer,
    path: Path,
    draft: Path,
    images: Sequence[str | Path | np.ndarray],
    part: str,
    size: tuple[int, int] | None,
) -> Exported:
    """Write the draft of a file and check it; see :func:`export`."""
    if part == 'all' and size is not None:
        _check_is_padded_size(inferencer, size)
    graph = Graph(inferencer.model, part).eval().requires_grad_(False)
    samples = [graph.inputs(sample) for sample in check_images(images, size)]
    model = f'{type(inferencer.model.task_net).__name__} with {_sr_name(graph)}'
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter('ignore')
        expected = [graph(*sample) for sample in samples]
        try:
            _WRITERS[path.suffix](graph, samples[0], draft, size)
            run = open_file(draft)
        except UserError:
            raise
        except Exception as error:
            reason = ' '.join(str(error).split())[:200]
            raise UserError(
                f'{model} cannot be exported to {path.suffix} ({type(error).__name__}: {reason}); try one size '
                "(--size) or the SR network alone (part='sr', --part sr)."
            ) from error
        difference = _check(run, samples, expected, model)
        seconds = [_median_seconds(call, samples[0]) for call in (run, graph)]
    ends_with = 'SR network' if part == 'sr' else graph.head_name or 'neck'
    return Exported(path, difference, *seconds, ends_with)


def _check_is_padded_size(inferencer: SR4IRInferencer, size: tuple[int, int]) -> None:
    """Refuse a size that no image of the inferencer ever reaches the SR network with.

    Raises:
        UserError: The model's preprocessor pads images of this size.
    """
    if inferencer.input != 'lr':
        return
    image = Loaded('--size', np.zeros((*size, 3), np.uint8))
    data = inferencer.preprocess([image])
    batch = inferencer.model.data_preprocessor(data, False)['inputs']
    padded = tuple(batch.lr_rgb01.shape[-2:])
    if padded != tuple(size):
        told, other = ('x'.join(map(str, sides)) for sides in (size, padded))
        raise UserError(
            f'--size {told} is no size this model computes with, as it pads such images to {other}; give --size '
            f'{other}.'
        )


def check_images(
    images: Sequence[str | Path | np.ndarray], size: tuple[int, int] | None
) -> list[Tensor]:
    """(1, 3, H, W) image space of the images, and of the first one cut to another size.

    Raises:
        UserError: An image cannot be read or is too small.
    """
    samples = []
    for loaded in Images(list(images)):
        if loaded.error is not None:
            raise UserError(loaded.error)
        rgb = torch.from_numpy(np.ascontiguousarray(loaded.image[..., ::-1]))
        samples.append(rgb.permute(2, 0, 1)[None].float() / 255)
    if size is not None:
        resized = [nn.functional.interpolate(s, size=size, mode='bilinear') for s in samples]
        return [sample.clamp(0, 1) for sample in resized]
    samples = [_at_least(sample, 3 * STEP) for sample in samples]
    height, width = (side // STEP * STEP for side in samples[0].shape[-2:])
    first = samples[0][..., :height, :width]
    others = [s[..., : s.shape[-2] // STEP * STEP, : s.shape[-1] // STEP * STEP] for s in samples]
    wide = torch.cat([first, first.flip(-1)], dim=-1)[..., : height - STEP, :]
    return [*others, wide]


def _at_least(sample: Tensor, side: int) -> Tensor:
    """An image enlarged so that no side is shorter."""
    factor = side / min(sample.shape[-2:])
    if factor <= 1:
        return sample
    size = [max(round(factor * length), side) for length in sample.shape[-2:]]
    return nn.functional.interpolate(sample, size=size, mode='bilinear')


def _sr_name(graph: Graph) -> str:
    return type(graph.sr_net).__name__ if hasattr(graph, 'sr_net') else 'bilinear enlargement'


def _write_onnx(
    graph: Graph, sample: tuple[Tensor, ...], path: Path, size: tuple[int, int] | None
) -> None:
    onnx = _import('onnx')
    count = len(graph(*sample))
    names = ['sr_rgb01', *(f'output_{index}' for index in range(1, count))]
    inputs = ['lr_rgb01', 'border'][: len(sample)]
    axes = {name: {0: 'count'} for name in [*inputs, *names]}
    if size is None:
        axes['lr_rgb01'] |= {2: 'height', 3: 'width'}
        axes['sr_rgb01'] |= {2: 'sr_height', 3: 'sr_width'}
        if 'border' in inputs:
            axes['border'] |= {2: 'sr_height', 3: 'sr_width'}
    torch.onnx.export(
        graph,
        sample,
        str(path),
        input_names=inputs,
        output_names=names,
        dynamic_axes=axes,
        opset_version=OPSET,
    )
    model = onnx.load(str(path))
    onnx.helper.set_model_props(model, {_NOTE: json.dumps(note_of(graph, size))})
    onnx.save(model, str(path))


def _write_torch(
    graph: Graph, sample: tuple[Tensor, ...], path: Path, size: tuple[int, int] | None
) -> None:
    shapes = None
    if size is None:
        names = ('height', 'width')
        dims = [torch.export.Dim(name, min=2, max=_MOST // STEP) for name in names]
        steps = [STEP, STEP * graph.scale][: len(sample)]
        shapes = tuple({2: step * dims[0], 3: step * dims[1]} for step in steps)
    # Not strict: mmagic's EDSR sets an attribute in its forward pass. Of feature pyramids, torch 2.4 saves files of any
    # size that it cannot load, which export() tells.
    program = torch.export.export(graph, sample, dynamic_shapes=shapes, strict=False)
    torch.export.save(program, str(path), extra_files={_NOTE: json.dumps(note_of(graph, size))})


#: Suffix -> what writes such files.
_WRITERS = {'.onnx': _write_onnx, '.pt2': _write_torch}


def note_of(graph: Graph, size: tuple[int, int] | None) -> dict[str, Any]:
    """What a file says of itself."""
    return dict(
        scale=graph.scale,
        part=graph.part,
        ends_with=graph.head_name or graph.part,
        networks=[_sr_name(graph), *_task_name(graph)],
        size=None if size is None else list(size),
        images='RGB, 0 to 1',
    )


def _task_name(graph: Graph) -> list[str]:
    return [type(graph.task_net).__name__] if graph.part == 'all' else []


@dataclass(frozen=True)
class OpenFile:
    """An exported file that is ready to run.

    Attributes:
        run: The arguments of :meth:`Graph.forward` to its outputs.
        note: What it says of itself, see :func:`note_of`; empty where it says nothing.
    """

    run: Callable[..., list[Tensor]]
    note: dict[str, Any]

    def __call__(self, *inputs: Tensor) -> list[Tensor]:
        """The outputs."""
        return self.run(*inputs)


def open_file(path: str | Path) -> OpenFile:
    """Open an exported file to run it.

    Raises:
        UserError: There is no such file, or onnxruntime is missing.
    """
    path = Path(path)
    if path.suffix not in _WRITERS or not path.is_file():
        raise UserError(
            f'{path} is no exported file; give one that tools/deployment/export.py wrote ({", ".join(_WRITERS)}).'
        )
    if path.suffix == '.pt2':
        extra = {_NOTE: ''}
        module = torch.export.load(str(path), extra_files=extra).module()
        return OpenFile(lambda *inputs: list(module(*inputs)), json.loads(extra[_NOTE] or '{}'))
    onnxruntime = _import('onnxruntime')
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(str(path), options, ['CPUExecutionProvider'])

    def run(*inputs: Tensor) -> list[Tensor]:
        named = zip(session.get_inputs(), inputs, strict=True)
        outputs = session.run(None, {slot.name: value.numpy() for slot, value in named})
        return [torch.from_numpy(output) for output in outputs]

    note = session.get_modelmeta().custom_metadata_map.get(_NOTE, '{}')
    return OpenFile(run, json.loads(note))


def _import(name: str) -> ModuleType:
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError as error:
        raise UserError(
            f'exporting to ONNX needs {name}, which is not installed; pip install "sr4ir_mm[export]".'
        ) from error


def _check(
    run: Callable[..., list[Tensor]],
    samples: Sequence[tuple[Tensor, ...]],
    expected: Sequence[Sequence[Tensor]],
    model: str,
) -> float:
    """Largest difference between the file and PyTorch.

    Raises:
        UserError: It is too large, or the file does not take another size.
    """
    largest = 0.0
    pairs = list(zip(samples, expected, strict=True))
    for sample, wanted in track(pairs, 'checking the file'):
        size = ' x '.join(map(str, sample[0].shape[-2:]))
        try:
            found = run(*sample)
        except Exception as error:
            reason = ' '.join(str(error).split())[:160]
            raise UserError(
                f'the file of {model} does not run on an image of {size} px ({reason}); export one size with --size.'
            ) from error
        for one, other in zip(found, wanted, strict=True):
            if one.shape != other.shape:
                raise UserError(
                    f'the file of {model} fixes sizes (makes {tuple(one.shape)} instead of {tuple(other.shape)} from '
                    f'an image of {size} px); export one size with --size.'
                )
            difference = largest_difference(one, other)
            if not difference <= TOLERANCE:
                raise UserError(
                    f'the file of {model} differs from PyTorch by {difference:.1e} on an image of {size} px, more than '
                    f'{TOLERANCE}; export one size with --size.'
                )
            largest = max(largest, difference)
    return largest


def largest_difference(found: Tensor, wanted: Tensor) -> float:
    """Largest difference, of the largest value where that is above 1."""
    return float((found - wanted).abs().max() / wanted.abs().max().clamp(min=1))


def _median_seconds(call: Callable[..., Any], sample: tuple[Tensor, ...]) -> float:
    call(*sample)
    times = []
    for _ in range(_TIMED_RUNS):
        start = time.perf_counter()
        call(*sample)
        times.append(time.perf_counter() - start)
    return float(np.median(times))
