"""Put an SR network in front of any config of mmdet, mmseg or mmpretrain, as a config that inherits from it."""

from __future__ import annotations

import os
import os.path as osp
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mmengine.hooks
import torch
from mmengine.config import Config

from sr4ir_mm.apis.config_text import Code, assignments
from sr4ir_mm.apis.methods import Method, find_method
from sr4ir_mm.apis.wrap_files import SIGNATURE
from sr4ir_mm.models.adapters.build import ADAPTERS
from sr4ir_mm.models.adapters.supported import check_supported
from sr4ir_mm.models.sr_nets.build import build_sr_net, check_scale
from sr4ir_mm.models.sr_nets.defaults import default_sr_net
from sr4ir_mm.utils.errors import UserError

_LIBRARIES = tuple(ADAPTERS)
_CQMIX_GRID = {'mmpretrain': 4}
_SR_OPTIMIZER = dict(type='AdamW', lr=1e-4, weight_decay=0.0)
_SCALES = (2, 3, 4, 8)
#: How networks trained on ImageNet see images, whatever the zoo config's model makes of them.
_IMAGENET = dict(
    type='mmpretrain.ClsDataPreprocessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    to_rgb=True,
)
# Hooks of the task libraries that read the runner, the batch or the outputs, not the model's attributes, or that keep
# whole checkpoints: they belong on the whole model. All others get to see the task network.
_ROOT_HOOKS = {
    'CheckInvalidLossHook',
    'DetVisualizationHook',
    'MemoryProfilerHook',
    'NumClassCheckHook',
    'PipelineSwitchHook',
    'PushDataInfoToMessageHubHook',
    'SegVisualizationHook',
    'SyncNormHook',
    'VisualizationHook',
    *mmengine.hooks.__all__,
}
# It would take the statistics of batch norms of HR images, where the task network is shown SR images.
_LEFT_OUT = {'PreciseBNHook'}


@dataclass
class Wrapping:
    """What to put around a task network.

    Args:
        sr: Short name, registered type or config of the SR network; see :func:`default_sr_net`.
        scale: Factor between LR and HR images.
        method: Folder of ``configs/`` whose ``_base_.py`` says what is trained on what.
        task_ckpt: Weights of the task network, for ``init_from``.
        sr_ckpt: Weights of the SR network.
        lr_input: Evaluate on real LR images instead of degraded HR images.
    """

    sr: str | Mapping = 'edsr'
    scale: int = 4
    method: str = 'sr4ir'
    task_ckpt: str | None = None
    sr_ckpt: str | None = None
    lr_input: bool = False

    def __post_init__(self) -> None:
        if any(phase.get('segmentation') for phase in find_method(self.method).phases):
            raise UserError(
                f'--method {self.method} trains an SR network of its own on label maps, in front of nothing; start '
                f'from a config in configs/{self.method.replace("-", "_")} instead.'
            )
        if self.scale < 1:
            raise UserError(f'--scale {self.scale} is no enlargement; choose 2, 3, 4 or 8.')
        if self.lr_input and self.shows_hr:
            raise UserError(
                f'--lr-input contradicts --method {self.method}, which sees HR images; choose another method.'
            )

    @property
    def judges_task(self) -> bool:
        """Whether evaluation includes the task: not if SR alone is trained before a task network that knows nothing."""
        judged = find_method(self.method).model.get('test_cfg', {}).get('predict_task', True)
        return judged or self.task_ckpt is not None

    @property
    def shows_hr(self) -> bool:
        """Whether the task network is shown HR images in evaluation."""
        return find_method(self.method).model.get('test_cfg', {}).get('image') == 'hr'


def wrap_config(source: str, wrapping: Wrapping, out: str) -> str:
    """Text of a config that inherits from ``source`` and puts an SR network in front of its model.

    Args:
        source: ``'mmdet::...'``, ``'mmseg::...'``, ``'mmpretrain::...'`` or a config file.
        wrapping: What to put around it.
        out: Where the text will be saved; a base in a file is named relative to it.

    Raises:
        UserError: The config cannot be read, its model cannot have an SR network in front, the SR network does not
            enlarge by this scale, or the method lacks weights.
    """
    base = load_zoo_config(source)
    library = library_of(base, source)
    preprocessor = base.model.get('data_preprocessor') or base.get('data_preprocessor')
    check_supported({**base.model, '_scope_': library, 'data_preprocessor': preprocessor})
    if find_method(wrapping.method).needs_sr():
        check_sr_net(wrapping)
    reference = (
        source if '::' in source else osp.relpath(source, osp.dirname(osp.abspath(out)) or '.')
    )
    return _WrappedText(base, library, source, reference.replace(os.sep, '/'), wrapping).build()


def check_sr_net(wrapping: Wrapping) -> None:
    """Check that the SR network can be built for the scale and enlarges by it.

    Raises:
        UserError: It cannot, or there is no such network.
    """
    problem = _sr_problem(wrapping.sr, wrapping.scale)
    if problem is None:
        return
    fitting = [str(scale) for scale in _SCALES if _sr_problem(wrapping.sr, scale) is None]
    if not fitting:
        raise UserError(f'{problem}.')
    raise UserError(
        f'--scale {wrapping.scale} does not fit --sr {_sr_name(wrapping.sr)} ({problem}); choose --scale '
        f'{" or ".join(fitting)} with it, or another --sr.'
    )


def _sr_problem(sr: str | Mapping, scale: int) -> str | None:
    """Why an SR network does not enlarge by a scale; None if it does."""
    cfg = _sr_config(sr, scale)
    try:
        with torch.random.fork_rng(devices=[]):
            check_scale(build_sr_net(cfg), scale)
    except Exception as error:  # of any library, each has its own
        return ' '.join(str(error).split()).rstrip('.') or type(error).__name__
    return None


def _sr_config(sr: str | Mapping, scale: int) -> dict[str, Any]:
    return default_sr_net(sr, scale) if isinstance(sr, str) else dict(sr)


def _sr_name(sr: str | Mapping) -> str:
    return sr if isinstance(sr, str) else str(sr['type'])


def load_zoo_config(source: str) -> Config:
    """Read a config by ``library::path`` or by file name.

    Raises:
        UserError: It does not exist, its library is not installed, or it is not a text config.
    """
    if '::' not in source and not osp.isfile(source):
        raise UserError(
            f"the config {osp.abspath(source)} does not exist; give a file, or a zoo config as 'mmdet::retinanet/"
            "retinanet_r50_fpn_1x_coco.py'."
        )
    base = source if '::' in source else osp.abspath(source)
    try:
        cfg = Config.fromstring(f'_base_ = [{base!r}]\n', '.py')
    except Exception as error:
        raise UserError(
            f'the config {source} cannot be read ({type(error).__name__}: {" ".join(str(error).split())}); check its '
            'name below .mim/configs of the library and that mmengine can load it.'
        ) from error
    if not isinstance(cfg.get('model'), Mapping):
        raise UserError(
            f'the config {source} has no model; wrap a complete config, not one of its bases.'
        )
    return cfg


def library_of(cfg: Mapping, source: str) -> str:
    """The task library of a config: that of its default scope, else of its address.

    Raises:
        UserError: None of mmdet, mmseg and mmpretrain.
    """
    model_scope = str(cfg['model'].get('type', '')).rpartition('.')[0]
    for name in (
        cfg['model'].get('_scope_'),
        model_scope,
        cfg.get('default_scope'),
        source.partition('::')[0],
    ):
        library = {'mmcls': 'mmpretrain'}.get(name, name)
        if library in _LIBRARIES:
            return library
    raise UserError(
        f'{source} belongs to no library known here (default_scope={cfg.get("default_scope")!r}); SR networks go in '
        f'front of models of {", ".join(_LIBRARIES)}.'
    )


class _WrappedText:
    """Builds the text, one part a method; ``_base_`` in it is the zoo config."""

    def __init__(
        self, base: Config, library: str, source: str, reference: str, wrapping: Wrapping
    ) -> None:
        self.base = base
        self.library = library
        self.source = source
        self.reference = reference
        self.wrapping = wrapping
        self.method: Method = find_method(wrapping.method)
        self.trained = self.method.trained_nets()

    def build(self) -> str:
        """The whole file."""
        w = self.wrapping
        what = f', {_sr_name(w.sr)}' if self.method.needs_sr() else ''
        header = f'# {w.method} x{w.scale}{what} in front of {self.source}{SIGNATURE}\n'
        parts: dict[str, Any] = {'_base_': self.reference}
        parts.update(self.imports())
        if self.base.get('default_scope') != self.library:
            parts['default_scope'] = self.library
        if self.base.get('data_preprocessor') is not None:
            parts['data_preprocessor'] = None
        parts['model'] = self.model()
        parts['optim_wrapper'] = self.optimizers()
        parts['param_scheduler'] = self.schedulers()
        parts['model_wrapper_cfg'] = self.model_wrapper()
        parts['custom_hooks'] = self.hooks()
        parts.update(self.default_hooks())
        parts.update(self.evaluators())
        parts.update(self.batch_sampler())
        if self.base.get('load_from'):
            parts['load_from'] = None
        if w.lr_input:
            parts.update(self.lr_pipelines())
        return header + assignments(parts)

    def imports(self) -> dict[str, Any]:
        """Our package beside what the zoo config imports."""
        own = dict(imports=['sr4ir_mm'], allow_failed_imports=False)
        theirs = self.base.get('custom_imports')
        if theirs:
            imports = theirs['imports']
            imports = [imports] if isinstance(imports, str) else list(imports)
            own['imports'] = [*imports, 'sr4ir_mm']
            own['allow_failed_imports'] = theirs.get('allow_failed_imports', False)
        return {'custom_imports': own}

    def model(self) -> dict[str, Any]:
        """The wrapper model around the zoo config's model."""
        w = self.wrapping
        model: dict[str, Any] = dict(_delete_=True, type='sr4ir_mm.TaskDrivenSR', scale=w.scale)
        if self.method.needs_sr():
            model['sr_net'] = _sr_config(w.sr, w.scale)
        model['task_net'] = self.task_net()
        model['phases'] = self.method.phases
        if self.method.model.get('discriminator'):
            model['discriminator'] = dict(self.method.model['discriminator'])
        if self.method.model.get('extractor'):
            model['extractor'] = self.extractor()
        if self.method.mixes() and self.library in _CQMIX_GRID:
            model['cqmix'] = dict(grid=_CQMIX_GRID[self.library])
        weights = self.weights(model)
        if weights:
            model['init_from'] = weights
        test_cfg = self.test_cfg()
        if test_cfg:
            model['test_cfg'] = test_cfg
        return model

    def extractor(self) -> str | dict[str, Any]:
        """The method's network that lends the TDP features: another like the task network, or one of its own."""
        extractor = self.method.model['extractor']
        if isinstance(extractor, str):
            return extractor
        return {**extractor, 'data_preprocessor': extractor.get('data_preprocessor', _IMAGENET)}

    def weights(self, model: Mapping[str, Any]) -> dict[str, str]:
        """What the networks of the wrapper model start from."""
        w = self.wrapping
        task = w.task_ckpt or self.base.get('load_from')
        weights = dict(sr_net=w.sr_ckpt, task_net=task)
        if model.get('extractor') == 'task_net':
            if not task:
                raise UserError(
                    f'--method {w.method} compares features of a finished task network, and {self.source} names no '
                    'weights of one; give them with --task-ckpt.'
                )
            weights['extractor'] = task
        return {name: path for name, path in weights.items() if path and name in model}

    def task_net(self) -> Code | dict:
        """The zoo config's model, with its scope and mmpretrain's top-level data preprocessor."""
        extra: dict[str, Any] = {}
        if '::' not in self.source and '_scope_' not in self.base.model:
            extra['_scope_'] = self.library
        if (
            self.base.get('data_preprocessor') is not None
            and self.base.model.get('data_preprocessor') is None
        ):
            extra['data_preprocessor'] = Code('_base_.data_preprocessor')
        return {'**': Code('_base_.model'), **extra} if extra else Code('_base_.model')

    def test_cfg(self) -> dict[str, Any]:
        """Only what differs from the defaults."""
        test_cfg: dict[str, Any] = {}
        if self.wrapping.shows_hr:
            test_cfg['image'] = 'hr'
        if self.wrapping.lr_input:
            test_cfg['input'] = 'lr'
        if not self.wrapping.judges_task:
            test_cfg['predict_task'] = False
        return test_cfg

    def optimizers(self) -> dict[str, Any]:
        """The zoo config's wrapper for the task network, AdamW for the others, all accumulating alike."""
        theirs = self.base.get('optim_wrapper') or {}
        wrappers: dict[str, Any] = self._replacing('optim_wrapper')
        wrappers['constructor'] = 'sr4ir_mm.SeparateOptimWrapperConstructor'
        for name in self.trained:
            if name == 'task_net':
                if 'optimizer' not in theirs:
                    raise UserError(
                        f'{self.source} has no optim_wrapper.optimizer; add one, or wrap for testing alone.'
                    )
                wrappers[name] = Code('_base_.optim_wrapper')
                continue
            wrappers[name] = dict(self.precision(name), optimizer=dict(_SR_OPTIMIZER))
            if theirs.get('accumulative_counts', 1) > 1:
                wrappers[name]['accumulative_counts'] = Code(
                    '_base_.optim_wrapper.accumulative_counts'
                )
        return wrappers

    def precision(self, name: str) -> dict[str, Any]:
        """Type and loss scale of a wrapper of ours: the zoo config's own where the task network shares its backward
        pass.
        """
        theirs = self.base.get('optim_wrapper') or {}
        if not any({name, 'task_net'} <= set(phase.trains) for phase in self.method.built_phases()):
            return dict(type='OptimWrapper')
        shared = {key: theirs[key] for key in ('loss_scale', 'dtype') if key in theirs}
        return dict(type=theirs.get('type', 'OptimWrapper'), **shared)

    def schedulers(self) -> dict[str, Any]:
        """The zoo config's list for the task network; for the others a cosine."""
        schedulers: dict[str, Any] = self._replacing('param_scheduler')
        for name in self.trained:
            if name != 'task_net':
                schedulers[name] = [self._cosine(name)]
            else:
                schedulers[name] = (
                    Code('_base_.param_scheduler') if self.base.get('param_scheduler') else []
                )
        return schedulers

    def _cosine(self, name: str) -> dict[str, Any]:
        """Over the training, or over the share of it in which a network learns."""
        learns = [phase for phase in self.method.built_phases() if name in phase.trains]
        end = max(getattr(phase, 'end', 1.0) for phase in learns)
        train_cfg = self.base.get('train_cfg') or {}
        length = next((name for name in ('max_iters', 'max_epochs') if name in train_cfg), None)
        if length is None:
            raise UserError(
                f'{self.source} says neither train_cfg.max_epochs nor max_iters; add one.'
            )
        units = dict(by_epoch=False)
        if length == 'max_epochs':
            units = dict(by_epoch=True, convert_to_iter_based=True)
        cosine = dict(type='CosineAnnealingLR', T_max=Code(f'_base_.train_cfg.{length}'))
        if end < 1.0:
            cosine = dict(type='sr4ir_mm.SpanCosineLR', span=(0.0, end))
        return {**cosine, 'eta_min': 1e-6, **units}

    def model_wrapper(self) -> dict[str, Any]:
        """Each trained network wrapped for itself, as several optimizers need."""
        wrapper = self._replacing('model_wrapper_cfg')
        unused = bool(self.base.get('find_unused_parameters', False))
        unused = unused or bool(
            (self.base.get('model_wrapper_cfg') or {}).get('find_unused_parameters', False)
        )
        return {
            **wrapper,
            'type': 'MMSeparateDistributedDataParallel',
            'broadcast_buffers': False,
            'find_unused_parameters': unused,
        }

    def hooks(self) -> list[Any]:
        """The zoo config's hooks, those that expect the task model redirected, and ours."""
        theirs = self.base.get('custom_hooks') or []
        needs = [_expects_task_model(hook) for hook in theirs]
        hooks: list[Any] = []
        if theirs and not any(needs):
            hooks.append(Code('*_base_.custom_hooks'))
        elif theirs:
            for index, redirected in enumerate(needs):
                if _name(theirs[index]) in _LEFT_OUT:
                    continue
                hook = Code(f'_base_.custom_hooks[{index}]')
                hooks.append(dict(type='sr4ir_mm.TaskModelHook', hook=hook) if redirected else hook)
        if 'max_iters' not in (self.base.get('train_cfg') or {}):
            hooks.append(dict(type='sr4ir_mm.EpochSeedHook'))
        return hooks

    def default_hooks(self) -> dict[str, Any]:
        """The zoo config's checkpoint hook, judging by the task even where a detector finds nothing."""
        checkpoint = (self.base.get('default_hooks') or {}).get('checkpoint') or {}
        if checkpoint.get('type') != 'CheckpointHook':
            return {}
        return dict(default_hooks=dict(checkpoint=dict(type='sr4ir_mm.TaskCheckpointHook')))

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

    def batch_sampler(self) -> dict[str, Any]:
        """A batch sampler that yields what it announces, in place of mmdet's, which with ``drop_last`` does not."""
        theirs = (self.base.get('train_dataloader') or {}).get('batch_sampler') or {}
        name = str(theirs.get('type')).rpartition('.')[2]
        if name != 'AspectRatioBatchSampler' or not theirs.get('drop_last'):
            return {}
        ours = dict(type='sr4ir_mm.AspectRatioBatchSampler')
        return dict(train_dataloader=dict(batch_sampler=ours))

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

    def _replacing(self, key: str) -> dict[str, Any]:
        """Start of a dict that replaces the zoo config's value of ``key``, if it has one."""
        return dict(_delete_=True) if self.base.get(key) is not None else {}


def _is_plain_evaluator(evaluator: Any) -> bool:
    metrics = evaluator if isinstance(evaluator, Sequence) else [evaluator]
    return all(isinstance(metric, Mapping) and 'metrics' not in metric for metric in metrics)


def _expects_task_model(hook: Mapping) -> bool:
    library = str(hook.get('type')).rpartition('.')[0]
    return library != 'sr4ir_mm' and _name(hook) not in _ROOT_HOOKS


def _name(hook: Mapping) -> str:
    return str(hook.get('type')).rpartition('.')[2]


_SIZE_KEYS = ('scale', 'scales', 'crop_size', 'size', 'size_divisor', 'img_scale')
_SIZED = ('Resize', 'Crop', 'Pad')


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
    sized = any(part in str(transform.get('type')) for part in _SIZED)
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
