"""How a wrapped config is evaluated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sr4ir_mm.apis.config_text import Code
from sr4ir_mm.apis.wrap.part import Part
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.kinds import class_name

_SIZE_KEYS = (
    *('scale', 'scales', 'crop_size', 'size', 'size_divisor', 'img_scale'),
    *('max_size', 'width', 'height', 'crop_padding'),
)
#: Of mmpretrain's crop, whose share of the image follows from it.
_CROP_PADDING = 32
_SIZED = ('Resize', 'Crop', 'Pad')


class EvaluationPart(Part):
    """Metrics of the zoo config and of SR, and pipelines for LR files."""

    def build(self) -> dict[str, Any]:
        """See :meth:`Part.build`."""
        pipelines = self.lr_pipelines() if self.wrapping.lr_input else {}
        return {**self.evaluators(), **pipelines}

    def evaluators(self) -> dict[str, Any]:
        """PSNR and SSIM beside the zoo config's metrics, where HR images are there to compare with."""
        evaluators: dict[str, Any] = {}
        for name in ('val_evaluator', 'test_evaluator'):
            theirs = self.base.get(name)
            if theirs is None:
                continue
            metrics: list[Any] = []
            if self.wrapping.judges_task:
                metrics.append(
                    Code(f'*_base_.{name}' if isinstance(theirs, Sequence) else f'_base_.{name}')
                )
            if not self.wrapping.lr_input and not self.wrapping.shows_hr:
                metrics += [dict(type='sr4ir_mm.PSNR'), dict(type='sr4ir_mm.SSIM')]
            if not _is_plain_evaluator(theirs):
                continue
            evaluators[name] = metrics
        return evaluators

    def lr_pipelines(self) -> dict[str, Any]:
        """The evaluation pipelines with sizes divided by the scale, so that SR and not the pipeline enlarges images."""
        loaders = {}
        for name in ('val_dataloader', 'test_dataloader'):
            loader = self.base.get(name)
            if loader is None:
                continue
            changed = shrink_pipelines(loader.get('dataset', {}), self.wrapping.scale)
            if changed:
                loaders[name] = dict(dataset=changed)
        return loaders


def _is_plain_evaluator(evaluator: Any) -> bool:
    metrics = evaluator if isinstance(evaluator, Sequence) else [evaluator]
    return all(isinstance(metric, Mapping) and 'metrics' not in metric for metric in metrics)


def shrink_pipelines(dataset: Mapping, scale: int) -> dict[str, Any]:
    """The part of a dataset config that has to change so that its pipelines make images ``scale`` times smaller.

    Sizes of resizes, crops and paddings are divided and rounded, nested transforms (test-time choices) included.

    Args:
        dataset: Config of a dataset, or of a wrapper around one.
        scale: Factor of the SR network.

    Raises:
        UserError: Several datasets are concatenated; their pipelines cannot be replaced by inheritance.
    """
    if 'datasets' in dataset:
        raise UserError(
            '--lr-input cannot shrink the pipelines of concatenated datasets; divide the sizes in their Resize '
            'transforms by the scale by hand.'
        )
    changed: dict[str, Any] = {}
    if 'pipeline' in dataset:
        pipeline = [_shrink(transform, scale) for transform in dataset['pipeline']]
        if pipeline != list(dataset['pipeline']):
            changed['pipeline'] = pipeline
    if isinstance(dataset.get('dataset'), Mapping):
        inner = shrink_pipelines(dataset['dataset'], scale)
        changed.update({'dataset': inner} if inner else {})
    return changed


def _shrink(transform: Mapping, scale: int) -> dict[str, Any]:
    transform = _plain(transform)
    name = class_name(transform)
    sized = any(part in name for part in _SIZED)
    if name == 'EfficientNetCenterCrop':
        transform.setdefault('crop_padding', _CROP_PADDING)
    for key, value in transform.items():
        if key == 'transforms':
            transform[key] = [
                [_shrink(t, scale) for t in item]
                if isinstance(item, list)
                else _shrink(item, scale)
                for item in value
            ]
        elif sized and key in _SIZE_KEYS:
            transform[key] = _divide(value, scale)
    return transform


def _divide(value: Any, scale: int) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(_divide(item, scale) for item in value)
    if isinstance(value, int) and not isinstance(value, bool):
        return max(round(value / scale), 1)
    return value


def _plain(value: Any) -> Any:
    """ConfigDicts to dicts, without the scopes that inheritance added."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items() if key != '_scope_'}
    if isinstance(value, (list, tuple)):
        return type(value)(_plain(item) for item in value)
    return value
