"""Test-time augmentation, as the tools of the task libraries set it up."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from mmengine.config import Config

from sr4ir_mm.apis.wrap.zoo_configs import find_library
from sr4ir_mm.evaluation.metrics.base import ImageMetric
from sr4ir_mm.registry import METRICS
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.kinds import class_name

#: What merges the predictions where a config names nothing else, by task library.
_MODELS = {
    'mmdet': dict(
        # mmdet puts it into mmengine's registry, where it has no prefix.
        type='DetTTAModel',
        tta_cfg=dict(nms=dict(type='nms', iou_threshold=0.5), max_per_img=100),
    ),
    'mmseg': dict(type='sr4ir_mm.SegTTAModel'),
    'mmpretrain': dict(type='mmpretrain.AverageClsScoreTTA'),
}
#: What says of a picture that it is turned over, which detectors' default pipelines do not pass on.
_FLIP = ('flip', 'flip_direction')


def set_tta(cfg: Config) -> None:
    """Have each test image predicted as it is and flipped, or as the config's ``tta_pipeline`` says, and merged.

    As in the task libraries, a config may hold ``tta_model`` and ``tta_pipeline``. Metrics of images are left out: the
    merged prediction has no single SR image.

    Args:
        cfg: Changed in place.

    Raises:
        UserError: The task network belongs to no task library, or the test set has no pipeline of its own.
    """
    library = _library(cfg)
    merging = dict(cfg.get('tta_model') or _MODELS[library])
    if class_name(merging) == 'SegTTAModel':
        merging['type'] = 'sr4ir_mm.SegTTAModel'
    dataset = _innermost(cfg.test_dataloader.dataset)
    dataset.pipeline = cfg.get('tta_pipeline') or _with_flips(dataset.pipeline, library)
    evaluators = cfg.test_evaluator
    if not isinstance(evaluators, Mapping):
        cfg.test_evaluator = [metric for metric in evaluators if not _is_of_images(metric)]
    cfg.model = dict(merging, module=cfg.model)


def _library(cfg: Config) -> str:
    found = find_library(cfg.model.get('task_net') or {}, cfg.get('default_scope'))
    if found is None:
        raise UserError(
            f'--tta merges predictions of {", ".join(_MODELS)}, and the task network is of none of them '
            f'(default_scope={cfg.get("default_scope")!r}); test without it.'
        )
    return found


def _innermost(dataset: Any) -> Any:
    while 'pipeline' not in dataset and 'dataset' in dataset:
        dataset = dataset['dataset']
    if 'pipeline' not in dataset:
        raise UserError(
            f'--tta changes the pipeline of test_dataloader.dataset, and {dataset.get("type")} has none of its own; '
            'test its parts one by one.'
        )
    return dataset


def _with_flips(pipeline: list, library: str) -> list:
    *before, pack = deepcopy(list(pipeline))
    inner = pack.get('pack', pack)
    if 'meta_keys' in inner:
        inner['meta_keys'] = tuple(dict.fromkeys([*inner['meta_keys'], *_FLIP]))
    flips = [dict(type=f'{library}.RandomFlip', prob=prob) for prob in (0.0, 1.0)]
    loads_lr = any(str(step.get('type')).endswith('LoadLRImage') for step in before)
    follow = [[dict(type='sr4ir_mm.FlipLRImage')]] if loads_lr else []
    return [*before, dict(type='TestTimeAug', transforms=[flips, *follow, [pack]])]


def _is_of_images(metric: Mapping) -> bool:
    kind = metric.get('type')
    kind = METRICS.get(kind) if isinstance(kind, str) else kind
    return isinstance(kind, type) and issubclass(kind, ImageMetric)
