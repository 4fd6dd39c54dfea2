"""Which models of the task libraries can have an SR network in front, told before anything is built."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence

from sr4ir_mm.registry import MODELS
from sr4ir_mm.utils.errors import UserError

_TASK_BASES = {'BaseDetector', 'BaseSegmentor', 'BaseClassifier'}
# Why a class, or anything derived from it, cannot work. The reasons complete "X ...".
_REFUSED = {
    'BaseMOTModel': 'is a video model (tracking), and SR networks here work on single images',
    'BaseReID': 'compares crops of persons between images, which is no detection, segmentation or classification',
    'GLIP': 'is prompted by text, and the pipeline of an SR method has images alone',
    'GroundingDINO': 'is prompted by text, and the pipeline of an SR method has images alone',
    'MultimodalEncoderDecoder': 'is prompted by text, and the pipeline of an SR method has images alone',
    'SemiBaseDetector': 'trains a student and a teacher on unlabelled images (semi-supervised)',
    'FastRCNN': 'needs region proposals from a file beside the image',
    'Detectron2Wrapper': 'hides its preprocessing inside detectron2',
    'BaseSelfSupervisor': 'is a self-supervised model without a task output',
    'BaseRetriever': 'is a retrieval model that compares with a gallery of images',
}
_PROPOSALS = _REFUSED['FastRCNN']
_INSTEAD = 'use a detector of mmdet, a segmentor of mmseg or a classifier of mmpretrain'


def check_supported(cfg: Mapping) -> None:
    """Check the type and the input channels of a task network's config.

    Args:
        cfg: Model config with ``_scope_`` or a ``library.`` prefix. An unknown type is left to the registry to report.

    Raises:
        UserError: An SR network cannot stand in front of such a model; the sentence says why.
    """
    cls = _find_class(cfg)
    if cls is None:
        return
    names = [base.__name__ for base in cls.__mro__]
    for name, reason in _REFUSED.items():
        if name in names:
            raise UserError(f'{cls.__name__} {reason}; {_INSTEAD}.')
    if 'TwoStageDetector' in names and cfg.get('rpn_head') is None:
        raise UserError(f'{cls.__name__} without rpn_head {_PROPOSALS}; {_INSTEAD}.')
    known = any(
        base.__module__.startswith(('mmdet.', 'mmseg.', 'mmpretrain.')) for base in cls.__mro__
    )
    if known and _TASK_BASES.isdisjoint(names):
        raise UserError(
            f'{cls.__name__} is no detector, segmentor or classifier of images; {_INSTEAD}.'
        )
    _check_channels(cls, cfg)


def check_has_head(cfg: Mapping) -> None:
    """Check that a task network's config has the part whose loss it learns from.

    Args:
        cfg: As in :func:`check_supported`.

    Raises:
        UserError: A classifier without head, as the zoo has them for features alone.
    """
    cls = _find_class(cfg)
    names = [] if cls is None else [base.__name__ for base in cls.__mro__]
    if 'ImageClassifier' in names and cfg.get('head') is None:
        raise UserError(
            f'{cls.__name__} has no head, and so no loss of its task to learn from; give it one, as the config of the '
            'same network with classes has it.'
        )


def _check_channels(cls: type, cfg: Mapping) -> None:
    backbone = cfg.get('backbone') if isinstance(cfg.get('backbone'), Mapping) else {}
    mean = (cfg.get('data_preprocessor') or {}).get('mean')
    channels = [backbone.get('in_channels'), len(mean) if isinstance(mean, Sequence) else None]
    wrong = [count for count in channels if isinstance(count, int) and count != 3]
    if wrong:
        raise UserError(
            f'{cls.__name__} takes images of {wrong[0]} channel(s), but SR networks here make RGB images of 3; '
            'configure a task network with 3 input channels.'
        )


def _find_class(cfg: Mapping) -> type | None:
    kind = cfg.get('type')
    if inspect.isclass(kind):
        return kind
    if not isinstance(kind, str):
        return None
    with MODELS.switch_scope_and_registry(cfg.get('_scope_')) as registry:
        found = registry.get(kind)
    return found if inspect.isclass(found) else None
