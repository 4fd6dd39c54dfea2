"""Exported files: written, opened, and what they say of themselves."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from sr4ir_mm.apis.deployment.graph import Graph
from sr4ir_mm.apis.deployment.samples import STEP
from sr4ir_mm.utils.errors import UserError

OPSET = 17
#: The name under which a file says what it is.
_NOTE = 'sr4ir_mm'
_MOST = 2048


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
WRITERS = {'.onnx': _write_onnx, '.pt2': _write_torch}


def note_of(graph: Graph, size: tuple[int, int] | None) -> dict[str, Any]:
    """What a file says of itself."""
    return dict(
        scale=graph.scale,
        part=graph.part,
        ends_with=graph.head_name or graph.part,
        networks=[sr_name(graph), *_task_name(graph)],
        size=None if size is None else list(size),
        images='RGB, 0 to 1',
    )


def sr_name(graph: Graph) -> str:
    """Of its SR network, for people."""
    return type(graph.sr_net).__name__ if hasattr(graph, 'sr_net') else 'bilinear enlargement'


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
    if path.suffix not in WRITERS or not path.is_file():
        raise UserError(
            f'{path} is no exported file; give one that tools/deployment/export.py wrote ({", ".join(WRITERS)}).'
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
    try:
        return import_module(name)
    except ImportError as error:
        raise UserError(
            f'exporting to ONNX needs {name}, which is not installed; pip install "sr4ir_mm[export]".'
        ) from error
