"""Where in an image the evidence for a class lies: Grad-CAM of the task network, for each kind of image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sr4ir_mm.apis.analysis.images import Prepared, shown
from sr4ir_mm.apis.inferencer import SR4IRInferencer
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.visualization import caption, hstack_panels, to_uint8
from sr4ir_mm.visualization.strips import TITLES

#: What it is called here -> its class in grad-cam.
METHODS = {'grad': 'GradCAM', 'hires': 'HiResCAM'}
_PANEL_SIDE = 256


class ClassScores(nn.Module):
    """A model's task network as a plain network: (N, 3, H, W) images in image space to (N, C) class scores.

    Args:
        inferencer: The model.
        image: Whose batch the images belong to.
    """

    def __init__(self, inferencer: SR4IRInferencer, image: Prepared) -> None:
        super().__init__()
        self.task_net = inferencer.model.task_net
        self.adapter = inferencer.model.adapter
        self.batch = image.batch

    def forward(self, image_rgb01: Tensor) -> Tensor:
        """Scores."""
        return self.adapter.class_scores(self.task_net, image_rgb01, self.batch)


def class_activation_map(
    inferencer: SR4IRInferencer,
    image: Prepared,
    kind: str,
    label: int | None = None,
    layer: str | None = None,
    method: str = 'grad',
) -> tuple[np.ndarray, int]:
    """Grad-CAM of one image as one kind.

    Args:
        inferencer: The model.
        image: The image.
        kind: What the task network is shown.
        label: Class whose evidence is looked for; by default the one that scores highest.
        layer: Feature whose channels are weighted; the first of the TDP loss by default.
        method: ``'grad'`` weights channels as wholes (Grad-CAM); ``'hires'`` weights every place by itself (HiResCAM),
            which keeps to the objects of a detector, whose evidence differs from place to place.

    Returns:
        (H, W) map of the size of the shown image without padding, 0 to 1, and the class.

    Raises:
        UserError: grad-cam is missing, or the layer or the class does not exist.

    Source: Selvaraju et al., Grad-CAM, ICCV 2017; Draelos and Carin, HiResCAM, 2020.
    """
    try:
        import pytorch_grad_cam
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
    except ImportError as error:
        raise UserError(
            'class activation maps need grad-cam; install it with: pip install grad-cam.'
        ) from error
    picture = shown(inferencer, image, kind)
    network = ClassScores(inferencer, image)
    module = find_module(inferencer, image, picture, layer)
    with torch.no_grad():
        scores = network(picture)[0]
    if label is None:
        label = int(scores.argmax())
    if not 0 <= label < len(scores):
        raise UserError(
            f'--label {label} is no class of {inferencer.name}; choose one from 0 to {len(scores) - 1}.'
        )
    with getattr(pytorch_grad_cam, METHODS[method])(network, [module]) as cam:
        heat = cam(picture, [ClassifierOutputTarget(label)])[0]
    height, width = image.batch.sizes[0]
    return heat[:height, :width], label


def find_module(
    inferencer: SR4IRInferencer, image: Prepared, picture: Tensor, layer: str | None = None
) -> nn.Module:
    """The module that makes a feature, since features are named by their index too.

    Args:
        inferencer: The model.
        image: Whose batch the picture belongs to.
        picture: (1, 3, H, W) in image space.
        layer: See :meth:`TaskAdapter.features`; the first of the TDP loss by default.

    Raises:
        UserError: There is no such layer, or no module makes it as it is.
    """
    model = inferencer.model
    layers = [layer] if layer else model.adapter.default_layers(model.task_net)[:1]
    made: list[tuple[nn.Module, Tensor]] = []

    def note(module: nn.Module, args: Any, output: Any) -> None:
        if isinstance(output, Tensor):
            made.append((module, output))

    handles = [module.register_forward_hook(note) for module in model.task_net.modules()]
    try:
        with torch.no_grad():
            features = model.adapter.features(model.task_net, picture, image.batch, layers)
    finally:
        for handle in handles:
            handle.remove()
    # The last one: operations in place hand the same tensor from module to module until it is finished.
    for module, output in reversed(made):
        if output is features[0]:
            return module
    raise UserError(f'no module hands out {layers[0]!r} as it is; name a module with --layer.')


def cam_strip(
    inferencer: SR4IRInferencer,
    image: Prepared,
    kinds: Sequence[str],
    label: int | None = None,
    layer: str | None = None,
    method: str = 'grad',
) -> np.ndarray:
    """(H, W, 3) uint8 RGB: for each kind the image, and the evidence for one class laid over it.

    The class is that of the last kind unless one is given, so that all maps are about the same.
    """
    if label is None:
        _, label = class_activation_map(inferencer, image, kinds[-1], layer=layer, method=method)
    classes = inferencer.model.dataset_meta.get('classes') or ()
    name = classes[label] if label < len(classes) else f'class {label}'
    panels = []
    for kind in kinds:
        height, width = image.batch.sizes[0]
        picture = to_uint8(shown(inferencer, image, kind)[0, :, :height, :width])
        heat, _ = class_activation_map(inferencer, image, kind, label, layer, method)
        panels += [
            caption(_enlarged(picture), TITLES[kind]),
            caption(_enlarged(overlay(picture, heat)), f'{TITLES[kind]}: {name}'),
        ]
    return hstack_panels(panels)


def overlay(picture: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 RGB picture under an (H, W) map from 0 to 1."""
    from pytorch_grad_cam.utils.image import show_cam_on_image

    draw: Callable[..., np.ndarray] = show_cam_on_image
    return draw(picture.astype(np.float32) / 255, heat, use_rgb=True)


def _enlarged(picture: np.ndarray) -> np.ndarray:
    factor = max(1, round(_PANEL_SIDE / min(picture.shape[:2])))
    return picture.repeat(factor, 0).repeat(factor, 1)
