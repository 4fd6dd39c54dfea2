"""Child registries of every mmengine registry, scope ``sr4ir_mm``.

All of them exist, also where the package registers nothing yet: with a registry missing, mmengine warns at each
look-up made under this scope. ``locations`` name the modules whose import fills a registry, so that a config
needs nothing but ``custom_imports = dict(imports=['sr4ir_mm'])`` or a ``sr4ir_mm.`` prefix.
"""

from __future__ import annotations

from importlib import import_module

from mmengine import registry as _mmengine
from mmengine.config.utils import MODULE2PACKAGE
from mmengine.registry import Registry

SCOPE = 'sr4ir_mm'

# Lets a config have a base such as 'sr4ir_mm::sr4ir/_base_.py'. mmengine looks for .mim in the folder of what is named
# here: for a distribution that is site-packages, wrong for an editable install; for a module it is the module's own.
MODULE2PACKAGE.setdefault(SCOPE, f'{SCOPE}.version')


#: Entries whose modules import a task library, which takes seconds: it comes when one of them is asked for.
LATE = {
    'CropHead': 'models.task_nets.crop_head',
    'LargeImageCoco': 'datasets.large_images',
    'ScoreThresholdRPNHead': 'models.task_nets.rpn',
    'SegTTAModel': 'models.task_nets.seg_tta',
    'TorchvisionAnchorGenerator': 'models.task_nets.rpn',
    'TorchvisionDeepLabHead': 'models.task_nets.deeplab_head',
    'TorchvisionFCNHead': 'models.task_nets.deeplab_head',
    'VOCFormatDataset': 'datasets.voc_format',
}


def import_late(name: str) -> object | None:
    """The class of ``LATE`` of that name, imported now; None for other names."""
    return getattr(import_module(f'{SCOPE}.{LATE[name]}'), name) if name in LATE else None


class LateRegistry(Registry):
    """Imports what ``LATE`` says when it is asked for."""

    def get(self, key: str) -> type | None:
        """The entry of that name; see mmengine."""
        if self.scope == SCOPE:
            import_late(key.removeprefix(f'{SCOPE}.'))
        return super().get(key)


def _child(name: str, parent: Registry, *locations: str) -> Registry:
    """Make the child of ``parent`` whose entries live in ``sr4ir_mm.<location>``."""
    return LateRegistry(
        name,
        parent=parent,
        scope=SCOPE,
        locations=[f'{SCOPE}.{location}' for location in locations],
    )


RUNNERS = _child('runner', _mmengine.RUNNERS, 'engine')
RUNNER_CONSTRUCTORS = _child('runner constructor', _mmengine.RUNNER_CONSTRUCTORS, 'engine')
STRATEGIES = _child('strategy', _mmengine.STRATEGIES, 'engine')
LOOPS = _child('loop', _mmengine.LOOPS, 'engine')
HOOKS = _child('hook', _mmengine.HOOKS, 'engine')
LOG_PROCESSORS = _child('log processor', _mmengine.LOG_PROCESSORS, 'engine')
OPTIMIZERS = _child('optimizer', _mmengine.OPTIMIZERS, 'engine')
OPTIM_WRAPPERS = _child('optimizer wrapper', _mmengine.OPTIM_WRAPPERS, 'engine')
OPTIM_WRAPPER_CONSTRUCTORS = _child(
    'optimizer wrapper constructor', _mmengine.OPTIM_WRAPPER_CONSTRUCTORS, 'engine'
)
PARAM_SCHEDULERS = _child('parameter scheduler', _mmengine.PARAM_SCHEDULERS, 'engine')
DATASETS = _child('dataset', _mmengine.DATASETS, 'datasets')
DATA_SAMPLERS = _child('data sampler', _mmengine.DATA_SAMPLERS, 'datasets')
TRANSFORMS = _child('transform', _mmengine.TRANSFORMS, 'datasets')
FUNCTIONS = _child('function', _mmengine.FUNCTIONS, 'datasets')
MODELS = _child('model', _mmengine.MODELS, 'models')
MODEL_WRAPPERS = _child('model wrapper', _mmengine.MODEL_WRAPPERS, 'models')
WEIGHT_INITIALIZERS = _child('weight initializer', _mmengine.WEIGHT_INITIALIZERS, 'models')
TASK_UTILS = _child('task util', _mmengine.TASK_UTILS, 'models')
METRICS = _child('metric', _mmengine.METRICS, 'evaluation')
EVALUATOR = _child('evaluator', _mmengine.EVALUATOR, 'evaluation')
VISUALIZERS = _child('visualizer', _mmengine.VISUALIZERS, 'visualization')
VISBACKENDS = _child('vis backend', _mmengine.VISBACKENDS, 'visualization')
INFERENCERS = _child('inferencer', _mmengine.INFERENCERS, 'apis')
