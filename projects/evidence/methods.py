"""The methods of the ladder: its rungs, ablations, other systems, and candidates for a better one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial


@dataclass(frozen=True)
class Method:
    """A rung of the ladder.

    Attributes:
        label: Its row in the tables.
        config: First part of its configs' names, if another method has the same configs.
        options: Settings of the config in which it differs from that method.
        oracle: Whether it also learns from an HR-trained network that is finished (``extractor``).
        finished: Whether it uses an HR-trained task network as it is, also on sets whose methods start from nothing.
        starts: Networks that it starts from, if the set has them.
        ladders: Sets and scales on which it is run; None for all.
        sr_rung: Its SR network and what trains it, if not those that all share: a key of :data:`SR_RUNGS`.
    """

    label: str
    config: str | None = None
    options: Mapping[str, object] = field(default_factory=dict, hash=False)
    oracle: bool = False
    finished: bool = False
    starts: tuple[str, ...] = ('sr_net', 'task_net')
    ladders: tuple[tuple[str, int], ...] | None = None
    sr_rung: str | None = None


_CARDS, _SCENES = ('playing-cards', 8), ('scenes-det', 4)
_SIGNS, _MOSAICS = ('sign-digits-scratch', 8), ('mosaics', 4)
#: SR4IR-plus needs an HR-trained task network.
_HR_STARTS = (
    ('sign-digits', 8),
    _MOSAICS,
    _CARDS,
    _SCENES,
    ('playing-cards-seg', 8),
    ('camvid-240', 4),
)
#: Nothing of it is trained.
BICUBIC = 'bicubic'
METHODS = {
    'h2t': Method('H→T (upper mark)'),
    'l2t': Method('L→T'),
    's2t': Method('S→T'),
    's2t-more': Method('S→T, SR trained as long as SR4IR’s', 's2t'),
    't2s': Method('T→S'),
    'swt': Method('S+T'),
    'sr4ir': Method('SR4IR'),
    'sr4ir-lite': Method('SR4IR-lite'),
    'sr4ir-plus': Method('SR4IR-plus', ladders=_HR_STARTS),
}
ABLATIONS = {
    'sr4ir-no-tdp': Method('SR4IR without TDP'),
    'sr4ir-no-cqmix': Method('SR4IR without CQMix'),
    'sr4ir-joint': Method('SR4IR, joint'),
}
_SR, _TASK = 'model.phases.0', 'model.phases.1'
#: Channels and blocks of the sub-pixel SR network by scale: about what a pass of the shared one costs, or less.
_SUB_PIXEL_SIZES = {4: (48, 6), 8: (64, 16)}


def _sub_pixel(scale: int, blocks: int | None = None) -> dict[str, object]:
    channels, usual = _SUB_PIXEL_SIZES[scale]
    net = {
        '_delete_': True,
        'type': 'sr4ir_mm.SubPixelNet',
        'scale': scale,
        'mid_channels': channels,
        'num_blocks': blocks or usual,
    }
    return {f'model.sr_net.{name}': value for name, value in net.items()}


#: Other SR networks, by scale; on pixels for as many epochs as the one that all share.
SR_RUNGS: Mapping[str, Callable[[int], Mapping[str, object]]] = {
    'sr-wide': lambda _: {'model.sr_net.mid_channels': 64},
    'sr-narrow': lambda _: {'model.sr_net.mid_channels': 16, 'model.sr_net.num_blocks': 4},
    'sr-sub-pixel': _sub_pixel,
    'sr-sub-pixel-8': partial(_sub_pixel, blocks=8),
}
#: What is run with the sub-pixel SR network.
SUB_PIXEL = {
    f'{name}-sub-pixel': Method(
        f'{METHODS[name].label}, SubPixelNet',
        name,
        sr_rung='sr-sub-pixel',
        ladders=METHODS[name].ladders,
    )
    for name in ('s2t', 'swt', 'sr4ir', 'sr4ir-lite', 'sr4ir-plus')
}
#: Methods with the sub-pixel SR network, and other systems. "As it is": the HR-trained task network that others start
#: from is used without further training.
SYSTEMS = {
    **SUB_PIXEL,
    # As many pixels from HR images as SR4IR-lite shows, and no SR network.
    'l2t-hr': Method(
        'L→T, half of it HR images',
        'l2t',
        {f'{_SR}.images.up': 0.5, f'{_SR}.images.hr': 0.5, f'{_SR}.draw': 'sample'},
        starts=('task_net',),
        ladders=(_SCENES,),
    ),
    # Its SR network's own training, four times the work of the shared one's, is outside of the budget as that is.
    's2t-wide': Method(
        'S→T, SR network twice as wide', 's2t', sr_rung='sr-wide', ladders=(('sign-digits', 8),)
    ),
    BICUBIC: Method(
        'Bicubic, task network as it is',
        finished=True,
        starts=('task_net',),
        ladders=(_CARDS, _SCENES),
    ),
    'l1-alone': Method(
        'L1 alone, task network as it is',
        'fdsr',
        {f'{_SR}.tdp': None},
        finished=True,
        ladders=(_CARDS, _SCENES),
    ),
    'fdsr': Method('FDSR, task network as it is', finished=True, ladders=(_CARDS, _SCENES)),
    'tdsr': Method('TDSR, task network as it is', finished=True, ladders=(_CARDS, _SIGNS)),
    'sod-mtgan': Method('SOD-MTGAN', ladders=(_CARDS, _SIGNS)),
    'shared-decoder-alone': Method(
        'Shared decoder without segmentation, task network as it is',
        'shared-decoder',
        {f'{_SR}.segmentation': None},
        finished=True,
        starts=('task_net',),
        ladders=(_MOSAICS,),
    ),
    'shared-decoder': Method(
        'Shared decoder, task network as it is',
        finished=True,
        starts=('task_net',),
        ladders=(_MOSAICS,),
    ),
}
_ORACLE = {'model.extractor': 'task_net'}
_FEATURES = {**_ORACLE, f'{_TASK}.distill.weight': 1.0}
_LOGITS = {
    **_ORACLE,
    f'{_TASK}.distill.criterion': 'kl',
    f'{_TASK}.distill.layers': ['head.fc'],
}
_ALWAYS = {f'{_SR}.begin': 0.0, f'{_SR}.tdp.begin': 0.1}
#: The SR network learns in every third iteration, whose SR images the task network sees as they were.
_THIRD = {**_ALWAYS, f'{_SR}.every': 3, f'{_TASK}.reuse_sr': True}
_BALANCE = {f'{_SR}.balance': 1.0}
_WEIGHTED = {f'{_SR}.tdp.task_weighted': True}
_CURRICULUM = {'model.cqmix.curriculum': True}
_INSTANCE = {'model.cqmix.mode': 'instance'}
#: FDSR's losses: pixels by half, the squared distance of features.
_SQUARED = {f'{_SR}.pixel.weight': 0.5, f'{_SR}.tdp.criterion': 'mse'}
_COSINE = 'sr4ir_mm.SpanCosineLR'


def _sr_until(share: float) -> dict[str, object]:
    """The SR network learns from the start to a share of the training."""
    return {
        f'{_SR}.begin': 0.0,
        f'{_SR}.end': share,
        'param_scheduler.sr_net.1.type': _COSINE,
        'param_scheduler.sr_net.1.span': [0.0, share],
    }


def _sr_first(share: float) -> dict[str, object]:
    """First the SR network, from the features of the HR-trained task network, then the task network."""
    return {
        **_sr_until(share),
        f'{_SR}.tdp.begin': 0.0,
        f'{_SR}.every': 1,
        f'{_TASK}.begin': share,
        'param_scheduler.task_net.1.type': _COSINE,
        'param_scheduler.task_net.1.span': [share, 1.0],
    }


_SR_FIRST = _sr_first(0.5)
_EARLY = _sr_until(0.5)
_SR_ALONE = {f'{_TASK}.images.{k}': w for k, w in (('sr', 1.02), ('hr', 0.0), ('cqmix', 0.0))}
_S2T = {name.replace('phases.1', 'phases.0'): value for name, value in _FEATURES.items()}
_S2T_LOGITS = {name.replace('phases.1', 'phases.0'): value for name, value in _LOGITS.items()}


def _lite(label: str, *options: Mapping[str, object]) -> Method:
    merged = {name: value for part in options for name, value in part.items()}
    return Method(label, 'sr4ir-lite', merged, oracle='model.extractor' in merged)


#: What was tried for a method better than SR4IR; held-out images choose.
CANDIDATES = {
    'lite-wide': Method('SR4IR-lite, SR network twice as wide', 'sr4ir-lite', sr_rung='sr-wide'),
    's2t-narrow': Method('S→T, SR network half as wide and deep', 's2t', sr_rung='sr-narrow'),
    'lite-narrow': Method(
        'SR4IR-lite, SR network half as wide and deep', 'sr4ir-lite', sr_rung='sr-narrow'
    ),
    's2t-sub-pixel-8': Method(
        'S→T, SubPixelNet with half of the blocks', 's2t', sr_rung='sr-sub-pixel-8'
    ),
    'sr4ir-lite-sub-pixel-8': Method(
        'SR4IR-lite, SubPixelNet with half of the blocks', 'sr4ir-lite', sr_rung='sr-sub-pixel-8'
    ),
    's2t-features': Method('S→T, features distilled', 's2t', _S2T, oracle=True),
    's2t-logits': Method('S→T, logits distilled', 's2t', _S2T_LOGITS, oracle=True),
    'lite-third': _lite('SR phase in every third iteration', _THIRD),
    'lite-oracle-tdp': _lite('in every third, TDP of the oracle', _THIRD, _ORACLE),
    'lite-features': _lite('in every third, features distilled', _THIRD, _FEATURES),
    'lite-logits': _lite('in every third, TDP of the oracle, logits distilled', _THIRD, _LOGITS),
    'lite-both-tdp': _lite(
        'in every third, TDP of both networks, logits distilled',
        _THIRD,
        _LOGITS,
        {f'{_SR}.tdp.nets': ['task_net', 'extractor']},
    ),
    'lite-logits-sr': _lite(
        'in every third, logits distilled, SR images alone', _THIRD, _LOGITS, _SR_ALONE
    ),
    'lite-second': _lite('SR phase in every second iteration, always', _ALWAYS),
    'late-sr': _lite('SR4IR-lite, SR images alone', _SR_ALONE),
    'late-sr-features': _lite(
        'SR4IR-lite, SR images alone, features distilled', _SR_ALONE, _FEATURES
    ),
    'lite-early': _lite('SR phase in the first half', _EARLY),
    'early-sr': _lite('SR phase in the first half, SR images alone', _EARLY, _SR_ALONE),
    'sr-first': _lite('first the SR network, then the task network', _SR_FIRST),
    'sr-first-sr': _lite(
        'first the SR network, then the task network, SR images alone', _SR_FIRST, _SR_ALONE
    ),
    'sr-first-balance': _lite(
        'first the SR network, TDP gradient as strong as the pixels’, then the task network',
        _SR_FIRST,
        _BALANCE,
    ),
    'sr-first-mse': _lite(
        'first the SR network, with FDSR’s losses, then the task network', _SR_FIRST, _SQUARED
    ),
    'sr-first-mse-sr': _lite(
        'first the SR network, with FDSR’s losses, then the task network, SR images alone',
        _SR_FIRST,
        _SQUARED,
        _SR_ALONE,
    ),
    'sr-third-mse-sr': _lite(
        'a third for the SR network, with FDSR’s losses, then the task network, SR images alone',
        _sr_first(0.33),
        _SQUARED,
        _SR_ALONE,
    ),
    'lite-squared': _lite('SR4IR-lite, with FDSR’s losses', _SQUARED),
    'lite-balance': _lite('SR4IR-lite, TDP gradient as strong as the pixels’', _BALANCE),
    'lite-weighted': _lite('SR4IR-lite, TDP weighted by task gradients', _WEIGHTED),
    'lite-curriculum': _lite('SR4IR-lite, CQMix with a curriculum', _CURRICULUM),
    'lite-instance': _lite('SR4IR-lite, CQMix by instance', _INSTANCE),
    'lite-normalised': _lite(
        'in every third, normalised TDP features',
        _THIRD,
        {f'{_SR}.tdp.normalize': True, f'{_SR}.tdp.weight': 10.0},
    ),
}
#: What is trained before the ladder, and once more for each seed.
SR_NET, TASK_NET, BACKBONE = INITIAL = ('init_sr-net', 'init_task-net', 'init_backbone')
#: The SR network of ``s2t-more``: trained further on pixels, as long as SR4IR trains its own.
SR_MORE = 'sr-more'
WITHOUT_SR = ('h2t', 'l2t')


def method_of(name: str) -> Method:
    """The rung of that name."""
    rungs_of_sr = {rung: Method('', SR_NET, sr_rung=rung) for rung in SR_RUNGS}
    known = {**METHODS, **ABLATIONS, **SYSTEMS, **CANDIDATES, **rungs_of_sr}
    return known.get(name) or Method(name, SR_NET if name == SR_MORE else None)
