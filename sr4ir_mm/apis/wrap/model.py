"""The wrapper model of a wrapped config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sr4ir_mm.apis.config_text import Code
from sr4ir_mm.apis.wrap.part import Part
from sr4ir_mm.apis.wrap.wrapping import sr_config
from sr4ir_mm.utils.errors import UserError

_CQMIX_GRID = {'mmpretrain': 4}
#: How networks trained on ImageNet see images, whatever the zoo config's model makes of them.
_IMAGENET = dict(
    type='mmpretrain.ClsDataPreprocessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    to_rgb=True,
)


class ModelPart(Part):
    """``TaskDrivenSR`` around the zoo config's model."""

    def build(self) -> dict[str, Any]:
        """See :meth:`Part.build`."""
        parts: dict[str, Any] = {}
        if self.base.get('data_preprocessor') is not None:
            parts['data_preprocessor'] = None
        return {**parts, 'model': self.model()}

    def model(self) -> dict[str, Any]:
        """The wrapper model around the zoo config's model."""
        w = self.wrapping
        model: dict[str, Any] = dict(_delete_=True, type='sr4ir_mm.TaskDrivenSR', scale=w.scale)
        if self.method.needs_sr():
            model['sr_net'] = sr_config(w.sr, w.scale)
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
        model, extra = Code('_base_.model'), dict[str, Any]()
        scope = self.base.model.get('_scope_')
        if scope is None:
            extra['_scope_'] = self.library
        elif scope != self.library:
            # mmengine's, of an address in another library.
            model = Code(f"{{**_base_.model, '_scope_': {self.library!r}}}")
        if (
            self.base.get('data_preprocessor') is not None
            and self.base.model.get('data_preprocessor') is None
        ):
            extra['data_preprocessor'] = Code('_base_.data_preprocessor')
        return {'**': model, **extra} if extra else model

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
