"""What the wrapper model needs to know of any task network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmengine.structures import BaseDataElement, PixelData
from torch import Tensor, nn

from sr4ir_mm.models.adapters.features import (
    are_extracted,
    collect_features,
    probe_features,
)
from sr4ir_mm.models.adapters.spaces import TaskSpace
from sr4ir_mm.structures import Losses, LRHRBatch, Size, copy_sample
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.modules import steady_mode, unwrap

_PROBE_SIDES = (64, 224, 320, 384, 512)


class TaskAdapter(nn.Module, ABC):
    """Speaks to one task library; holds no parameters and no reference to the task network.

    A task network is passed to each call, wrapped by DDP or not, so that losses that train it go through the wrapper.
    Images enter in image space (RGB, [0, 1]); normalisation happens here and nowhere else.

    Args:
        task_net: Task network the adapter will serve; only its data preprocessor is read.
        channel_order: Order in which the pipeline loads images.

    Attributes:
        mixes_sizes: Whether what the task network sees of an image depends on the sizes of the others in its batch.
    """

    mixes_sizes = False

    def __init__(self, task_net: nn.Module, channel_order: str = 'bgr') -> None:
        super().__init__()
        self.space = TaskSpace(task_net.data_preprocessor, channel_order)

    @abstractmethod
    def default_layers(self, task_net: nn.Module) -> list[str]:
        """Features that the TDP loss compares if the config names none."""

    @abstractmethod
    def draw(
        self, visualizer: Any, image_rgb: np.ndarray, sample: BaseDataElement, **options: Any
    ) -> None:
        """Have the library's visualizer draw the predictions of ``sample`` on an 8-bit RGB image."""

    def loss(self, task_net: nn.Module, image_rgb01: Tensor, batch: LRHRBatch) -> Losses:
        """The task's own training losses of one image kind.

        Args:
            task_net: Task network, DDP-wrapped if its parameters are to be trained.
            image_rgb01: (N, 3, H, W) images of any kind, of the batch's padded HR size.
            batch: The batch the images belong to.
        """
        inputs, samples = self.to_task_inputs(image_rgb01, batch)
        return task_net(_in_own_space(unwrap(task_net), inputs), samples, mode='loss')

    def loss_and_features(
        self, task_net: nn.Module, image_rgb01: Tensor, batch: LRHRBatch, layers: Sequence[str]
    ) -> tuple[Losses, list[Tensor]]:
        """Losses and features of one and the same forward pass.

        Unlike :meth:`features`, this passes a DDP wrapper, so that what is computed of the features may train the task
        network too; their gradient is exchanged with that of the losses, in the one backward pass of both.

        Args:
            task_net: As in :meth:`loss`.
            image_rgb01: As in :meth:`loss`.
            batch: As in :meth:`loss`.
            layers: As in :meth:`features`; none for no features.
        """
        losses: Losses = {}

        def run() -> None:
            losses.update(self.loss(task_net, image_rgb01, batch))

        return losses, collect_features(unwrap(task_net), layers, run)

    def probe(self, task_net: nn.Module, layers: Sequence[str]) -> list[Tensor]:
        """Features of one plain image, whose shapes tell what :meth:`loss_and_features` will give.

        Raises:
            RuntimeError: The network passes no image of any size tried.
            UserError: A layer does not exist.
        """
        with steady_mode(task_net):
            return probe_features(unwrap(task_net), layers, _PROBE_SIDES)

    def labels(self, batch: LRHRBatch) -> Tensor:
        """(N, h, w) label maps of the batch, of the size of its task inputs.

        Raises:
            UserError: The task has no label maps.
        """
        raise UserError(
            'a segmentation loss of the SR network needs label maps, which only data sets of mmseg have; leave it out '
            'or use a model of mmseg.'
        )

    def draw_objects(self, batch: LRHRBatch) -> Tensor | None:
        """Where the objects of a training batch are, for a patch mix by instance.

        Returns:
            (N, 1, h, w) bool, of the size of the batch's task inputs before a resize of the adapter; None for a task
            that does not tell.
        """
        return None

    def predict(
        self, task_net: nn.Module, image_rgb01: Tensor, batch: LRHRBatch
    ) -> list[BaseDataElement]:
        """The task library's own data samples with predictions, one an image."""
        inputs, samples = self.to_task_inputs(image_rgb01, batch, for_prediction=True)
        return unwrap(task_net)(inputs, samples, mode='predict')

    def features(
        self, task_net: nn.Module, image_rgb01: Tensor, batch: LRHRBatch, layers: Sequence[str]
    ) -> list[Tensor]:
        """Features of images, for the TDP loss.

        Args:
            task_net: Task network; taken out of a DDP wrapper, since nothing is trained through it here.
            image_rgb01: (N, 3, H, W) images of the batch's padded HR size.
            batch: The batch the images belong to.
            layers: ``'backbone.N'``, ``'neck.N'`` or any module by name; for the first two, ground truth is left alone.

        Raises:
            UserError: A layer does not exist or is not executed; the sentence lists valid ones.
        """
        return self.features_of(task_net, *self.feature_inputs(image_rgb01, batch, layers), layers)

    def feature_inputs(
        self, image_rgb01: Tensor, batch: LRHRBatch, layers: Sequence[str]
    ) -> tuple[Tensor, list[BaseDataElement]]:
        """What :meth:`features_of` takes, of the whole batch; see :meth:`to_task_inputs`."""
        return self.to_task_inputs(image_rgb01, batch, for_prediction=are_extracted(layers))

    def features_of(
        self,
        task_net: nn.Module,
        inputs: Tensor,
        samples: list[BaseDataElement],
        layers: Sequence[str],
    ) -> list[Tensor]:
        """Features of what :meth:`feature_inputs` made, or of some of its images."""
        net = unwrap(task_net)
        inputs = _in_own_space(net, inputs)

        def run() -> None:
            if are_extracted(layers):
                net.extract_feat(inputs)
            else:
                net(inputs, samples, mode='tensor')

        return collect_features(net, layers, run)

    @abstractmethod
    def class_scores(self, task_net: nn.Module, image_rgb01: Tensor, batch: LRHRBatch) -> Tensor:
        """How much of each class the task network sees, differentiable, for maps of where it sees it.

        Args:
            task_net: Task network in eval mode.
            image_rgb01: (N, 3, H, W) images of the batch's padded HR size.
            batch: The batch the images belong to.

        Returns:
            (N, C).
        """

    def to_task_inputs(
        self, image_rgb01: Tensor, batch: LRHRBatch, for_prediction: bool = False
    ) -> tuple[Tensor, list[BaseDataElement]]:
        """Image space to what ``task_net.forward`` takes: normalised, cropped, padded as the library would.

        Args:
            image_rgb01: (N, 3, H, W) images of the batch's padded HR size.
            batch: The batch the images belong to.
            for_prediction: Ground truth in the samples stays untouched.

        Returns:
            (N, 3, h, w) task inputs and copies of the data samples (task networks write into theirs).
        """
        samples = [copy_sample(sample) for sample in batch.samples]
        if image_rgb01 is batch.hr_rgb01:
            return batch.task_inputs, samples
        height, width = batch.task_inputs.shape[-2:]
        task = self.space.to_task(image_rgb01[..., :height, :width])
        if batch.border is not None:
            task = torch.where(batch.border, batch.task_inputs, task)
        return task, samples

    def valid_sizes(
        self,
        samples: Sequence[BaseDataElement],
        content: Sequence[Size],
        shapes: Sequence[Size | None],
        padded: Size,
    ) -> list[Size]:
        """(height, width) of the unpadded region of each image after the preprocessor.

        Args:
            samples: Preprocessed data samples.
            content: The regions before the preprocessor, see :func:`content_size`.
            shapes: ``img_shape`` of the samples before the preprocessor.
            padded: Size of the preprocessed batch.
        """
        return [(min(h, padded[0]), min(w, padded[1])) for h, w in content]

    def enlarge_metainfo(
        self, samples: Sequence[BaseDataElement], scale: int, keep_coordinates: bool
    ) -> None:
        """Tell LR data samples that the task network will see images ``scale`` times larger.

        Args:
            samples: Data samples of LR images, changed in place.
            scale: Factor of the SR network.
            keep_coordinates: Predictions come back in the LR image's coordinates; False for SR coordinates.
        """
        for sample in samples:
            for key in (
                'img_shape',
                'pad_shape',
                'batch_input_shape',
                'img_padding_size',
                'padding_size',
            ):
                if sample.get(key) is not None:
                    sample.set_metainfo(
                        {key: tuple(scale * int(value) for value in sample.get(key))}
                    )
            if sample.get('border') is not None:
                # CornerNet's and CenterNet's test-time padding: top, bottom, left, right.
                sample.set_metainfo({'border': scale * np.asarray(sample.get('border'))})
            factor = np.array(sample.get('scale_factor', (1.0, 1.0)), dtype=np.float64)
            if keep_coordinates:
                sample.set_metainfo({'scale_factor': tuple((factor * scale).tolist())})
            else:
                enlarged = tuple(scale * int(value) for value in sample.get('ori_shape')[:2])
                sample.set_metainfo({'ori_shape': enlarged, 'scale_factor': tuple(factor.tolist())})

    def enlarge_targets(self, samples: Sequence[BaseDataElement], scale: int) -> None:
        """Enlarge the ground truth of LR data samples, changed in place, to the images that the network will see.

        Args:
            samples: Data samples of LR images.
            scale: Factor of the SR network.
        """


def _in_own_space(net: nn.Module, inputs: Tensor) -> Tensor:
    """Task inputs as a network takes them: an extractor may be normalised otherwise, see :func:`build_extractor`."""
    change = getattr(net, 'from_task_space', None)
    return inputs if change is None else change(inputs)


def enlarge_labels(sample: BaseDataElement, names: Sequence[str], scale: int) -> None:
    """Enlarge pixel data of a sample by nearest neighbour; names that it lacks are left out."""
    for name in names:
        if sample.get(name) is not None:
            large = {
                key: value.repeat_interleave(scale, -2).repeat_interleave(scale, -1)
                for key, value in sample.get(name).items()
            }
            sample.set_field(PixelData(**large), name)


def content_size(image: Tensor, sample: BaseDataElement) -> Size:
    """(height, width) of what a pipeline loaded, without the border that its ``Pad`` added at the right and bottom.

    ``Pad`` sets ``img_shape`` to the padded size and leaves no other trace in the sample. The original size times the
    resize factor says where the image ends, unless a crop or a mosaic came in between; so it is believed only if what
    lies outside is of one colour.

    Args:
        image: (3, H, W) as the pipeline packed it.
        sample: Its data sample.
    """
    height, width = image.shape[-2:]
    original, factor = sample.get('ori_shape'), sample.get('scale_factor')
    if original is None or factor is None:
        return height, width
    content = (
        min(max(round(original[0] * factor[1]), 1), height),
        min(max(round(original[1] * factor[0]), 1), width),
    )
    return content if _is_uniform_outside(image, content) else (height, width)


def _is_uniform_outside(image: Tensor, content: Size) -> bool:
    colour = image[:, -1:, -1:]
    below, beside = image[:, content[0] :], image[:, : content[0], content[1] :]
    return bool((below == colour).all() and (beside == colour).all())
