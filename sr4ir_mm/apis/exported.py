"""Predict with an exported model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from mmengine.structures import BaseDataElement
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from sr4ir_mm.apis.deployment import STEP, Graph, OpenFile, largest_difference, note_of, open_file
from sr4ir_mm.apis.inferencer import SR4IRInferencer
from sr4ir_mm.apis.inputs import Images
from sr4ir_mm.models.prediction import attach_images
from sr4ir_mm.structures import LRHRBatch
from sr4ir_mm.utils.errors import UserError

#: Largest difference between a file and the model it is said to be of, of each output or of its largest value where
#: that is above 1: weights published in 16 bits differ by less.
_SAME = 0.05


class ExportedInferencer:
    """Predicts with an exported file; what is not in it (decoding, NMS, RoI heads) is the task library's own Python.

    Args:
        inferencer: The model that was exported.
        path: Its file, of part 'all'.

    Raises:
        UserError: There is no such file, or it is not of this model.
    """

    def __init__(self, inferencer: SR4IRInferencer, path: str | Path) -> None:
        self.inferencer = inferencer
        self.path = Path(path)
        self.graph = Graph(inferencer.model).eval()
        self.run = _opened(self.path)
        _check_note(self.path, self.run.note, self.graph)
        self._check_computes_the_same()

    @torch.no_grad()
    def __call__(self, inputs: Any) -> list[BaseDataElement]:
        """Data samples of images, see :meth:`SR4IRInferencer.__call__`."""
        samples = []
        for loaded in Images(inputs):
            if loaded.error is not None:
                raise UserError(loaded.error)
            data = self.inferencer.preprocess([loaded])
            batch = self.inferencer.model.data_preprocessor(data, False)['inputs']
            samples += self._predict(batch)
        return samples

    def _predict(self, batch: LRHRBatch) -> list[BaseDataElement]:
        model = self.inferencer.model
        self._check_is_whole(batch)
        sr_rgb01, *outputs = self._run(*self.graph.inputs(batch.lr_rgb01, batch.border))
        found = pytree.tree_unflatten(outputs, self.graph.structure)
        with _answering(model.task_net, self.graph.head_name, found):
            samples = model.adapter.predict(model.task_net, sr_rgb01, batch)
        attach_images(samples, batch, sr_rgb01, model.scale)
        return samples

    def _check_is_whole(self, batch: LRHRBatch) -> None:
        """Check that the file would show the task network the image that the model does.

        Raises:
            UserError: The model cuts the SR image, as of HR input whose sides the scale does not divide.
        """
        shown = tuple(self.graph.scale * side for side in batch.lr_rgb01.shape[-2:])
        wanted = tuple(batch.task_inputs.shape[-2:])
        if shown != wanted:
            told, cut = (' x '.join(map(str, size)) for size in (shown, wanted))
            raise UserError(
                f'of this image the model shows its task network {cut} of {told} px (height x width), which a file '
                'cannot; give one of at least 8 LR px a side whose HR sides are multiples of the scale '
                f'{self.graph.scale}.'
            )

    def _run(self, *inputs: Tensor) -> list[Tensor]:
        """Outputs of the file.

        Raises:
            UserError: It takes images of other sizes.
        """
        try:
            return self.run(*inputs)
        except Exception as error:
            height, width = inputs[0].shape[-2:]
            reason = ' '.join(str(error).split())[:160]
            raise UserError(
                f'{self.path} does not run on an LR image of {height} x {width} px, which this model makes of the '
                f'input ({reason}); give images of its size, or export it anew for any size or with --size '
                f'{height}x{width}.'
            ) from error

    @torch.no_grad()
    def _check_computes_the_same(self) -> None:
        """Compare the file with the model on one image.

        Raises:
            UserError: They differ by more than rounding does, so the file is of other weights.
        """
        height, width = self.run.note.get('size') or (4 * STEP, 4 * STEP)
        ramp = torch.linspace(0, 1, 3 * height * width).view(1, 3, height, width)
        sample = self.graph.inputs(ramp)
        # Tells the graph, besides, how its outputs hang together.
        expected, found = self.graph(*sample), self._run(*sample)
        same = [one.shape for one in found] == [one.shape for one in expected]
        if not same or not max(map(largest_difference, found, expected)) <= _SAME:
            raise UserError(
                f'{self.path} computes other values than this model, so it was exported from other weights; give the '
                'model it was made of, or export this one.'
            )


def _opened(path: Path) -> OpenFile:
    """See :func:`open_file`.

    Raises:
        UserError: There is no such file, or it is damaged.
    """
    try:
        return open_file(path)
    except UserError:
        raise
    except Exception as error:
        reason = ' '.join(str(error).split())[:160]
        raise UserError(f'{path} cannot be opened ({reason}); export it anew.') from error


def _check_note(path: Path, note: dict[str, Any], graph: Graph) -> None:
    """Compare what a file says of itself with the model.

    Raises:
        UserError: It is of part 'sr' or of another model.
    """
    if 'sr' in (note.get('part'), note.get('ends_with')):
        raise UserError(
            f"{path} holds the SR network alone, which predicts nothing; export the whole model with part='all' "
            '(--part all).'
        )
    own = note_of(graph, None)
    for name in ('networks', 'scale', 'ends_with'):
        if name in note and note[name] != own[name]:
            raise UserError(
                f'{path} was exported from another model ({name} {note[name]} instead of {own[name]}); give the model '
                'it was made of, or export this one.'
            )


@contextmanager
def _answering(task_net: nn.Module, head_name: str | None, found: Any) -> Iterator[None]:
    """Let a task network take what the file computed instead of computing it."""
    replaced = [(task_net, 'extract_feat', found)]
    if head_name is not None:
        replaced = [
            (task_net, 'extract_feat', ()),
            (getattr(task_net, head_name), 'forward', found),
        ]
    for owner, name, value in replaced:
        setattr(owner, name, lambda *args, _value=value, **kwargs: _value)
    try:
        yield
    finally:
        for owner, name, _ in replaced:
            delattr(owner, name)
