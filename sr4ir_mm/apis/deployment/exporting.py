"""Write a model to a file that takes its place if it computes what PyTorch does."""

from __future__ import annotations

import errno
import os
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sr4ir_mm.apis.deployment.files import WRITERS, open_file, sr_name
from sr4ir_mm.apis.deployment.graph import Graph
from sr4ir_mm.apis.deployment.samples import check_images, largest_difference
from sr4ir_mm.apis.inferencer import SR4IRInferencer
from sr4ir_mm.apis.inputs import Loaded
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.track import track

#: Largest difference between the file and PyTorch: of each output, or of its largest value where that is above 1.
TOLERANCE = 1e-3
_TIMED_RUNS = 10


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
    if path.suffix not in WRITERS:
        raise UserError(f'{path} must end in {" or ".join(WRITERS)}, which says what to export to.')
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
    model = f'{type(inferencer.model.task_net).__name__} with {sr_name(graph)}'
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter('ignore')
        expected = [graph(*sample) for sample in samples]
        try:
            WRITERS[path.suffix](graph, samples[0], draft, size)
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


def _median_seconds(call: Callable[..., Any], sample: tuple[Tensor, ...]) -> float:
    call(*sample)
    times = []
    for _ in range(_TIMED_RUNS):
        start = time.perf_counter()
        call(*sample)
        times.append(time.perf_counter() - start)
    return float(np.median(times))
