"""What the ladder is made of: sets, methods, budgets, and what each run starts from."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path

from sr4ir_mm.apis.runs import Training
from sr4ir_mm.utils.errors import UserError

HERE = Path('projects/evidence')
CONFIGS = HERE / 'configs'
COSTS = HERE / 'costs.json'
WORK = Path('work_dirs/evidence')
HELD_OUT_WORK = Path('work_dirs/evidence_held-out')
RESULTS = Path('docs/results')
HELD_OUT_RESULTS = RESULTS / 'held-out'


@dataclass(frozen=True)
class DataSet:
    """A data set of the ladder.

    Attributes:
        title: What people call it.
        task: detection, segmentation or classification.
        metric: The task's.
        scales: Between LR and HR images.
        epochs: Of L->T at budget 1; what the minutes of every budget follow from.
        images: Name of the set whose SR networks and backbone it shares, since that has the same images.
        hr_first: Whether all methods start from a task network that is trained on the HR images.
        backbone: Whether that network's backbone first learns to classify the HR objects.
        held_out: Whether it has held-out images of its own; of others, training images are held out.
        own_starts: Whether each seed has initial networks of its own; where these take much longer than the runs, all
            start from those of seed 0.
        same_as: Name of the set whose images and configs it has: only the initial networks are others. So are the costs
            where they were measured for it, too; otherwise they are that set's.
        thin: Labels whose objects are so thin that resolution decides; reported apart.
    """

    title: str
    task: str
    metric: str
    scales: tuple[int, ...]
    epochs: int
    images: str | None = None
    hr_first: bool = True
    backbone: bool = False
    held_out: bool = False
    own_starts: bool = True
    same_as: str | None = None
    thin: tuple[int, ...] = ()


MAP, MIOU, TOP1 = 'coco/bbox_mAP', 'mIoU', 'accuracy/top1'
_SETS = {
    'sign-digits-scratch': DataSet(
        'hand signs, task networks from scratch',
        'classification',
        TOP1,
        (8,),
        10,
        'sign-digits',
        hr_first=False,
    ),
    'mosaics': DataSet(
        'texture mosaics',
        'segmentation',
        MIOU,
        (4,),
        4,
        backbone=True,
        held_out=True,
        own_starts=False,
    ),
    'playing-cards': DataSet(
        'playing cards', 'detection', MAP, (8, 4), 12, backbone=True, own_starts=False
    ),
    'scenes-det': DataSet('generated scenes', 'detection', MAP, (4,), 8, own_starts=False),
    'sign-digits': DataSet('hand signs', 'classification', TOP1, (8,), 5),
    'clothing': DataSet('clothing', 'classification', TOP1, (8,), 7),
    'playing-cards-seg': DataSet(
        'playing cards as label maps',
        'segmentation',
        MIOU,
        (8,),
        8,
        'playing-cards',
        backbone=True,
        own_starts=False,
    ),
    'camvid-240': DataSet(
        'CamVid, 240 x 180 px',
        'segmentation',
        MIOU,
        (4,),
        4,
        own_starts=False,
        # Pole, SignSymbol, Fence, Pedestrian, Bicyclist.
        thin=(2, 6, 7, 9, 10),
    ),
    'camvid': DataSet('CamVid', 'segmentation', MIOU, (8,), 12),
}
#: Sets that there are once more, with initial networks of each seed's own, and at which scales.
_OWN_STARTS = {'mosaics': (4,), 'playing-cards': (8,), 'scenes-det': (4,)}


def _all_sets() -> dict[str, DataSet]:
    sets: dict[str, DataSet] = {}
    for name, data in _SETS.items():
        sets[name] = data
        if name in _OWN_STARTS:
            sets[f'{name}-own'] = replace(
                data,
                title=f'{data.title}, first networks of each seed’s own',
                scales=_OWN_STARTS[name],
                own_starts=True,
                same_as=name,
            )
    return sets


SETS = _all_sets()
#: The sets on which resolution decides; the others are run after them.
SHARP = ('sign-digits-scratch', *(f'{name}-own' for name in _OWN_STARTS))


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
#: Times the minutes of L->T's shortest run.
BUDGETS = (1, 2, 4, 8)
#: Of the upper mark, which also is what T->S starts from.
HR_BUDGET = 4
SEEDS = (0, 1, 2, 3, 4)

_FIVE = ('l2t', 's2t', 'swt', 'sr4ir', 'sr4ir-lite')
_SUB_PIXEL_TWO = ('s2t-sub-pixel', 'sr4ir-lite-sub-pixel')
_OWN_PLAN = {2: (*_FIVE, *ABLATIONS, 's2t-sub-pixel')}
#: What is run by default, set -> budget -> methods, with all seeds: the sharp sets, each seed with initial networks of
#: its own. That is about 23 hours of one core (README.md of this folder).
PLAN: Mapping[str, Mapping[int, tuple[str, ...]]] = {
    'sign-digits-scratch': {
        1: (*_FIVE, *_SUB_PIXEL_TWO),
        2: (*_FIVE, *_SUB_PIXEL_TWO, 'tdsr', 'sod-mtgan'),
        4: ('h2t', *_FIVE, *_SUB_PIXEL_TWO, *ABLATIONS),
        8: _FIVE,
    },
    **{name: _OWN_PLAN for name in SHARP if name != 'sign-digits-scratch'},
}


def method_of(name: str) -> Method:
    """The rung of that name."""
    rungs_of_sr = {rung: Method('', SR_NET, sr_rung=rung) for rung in SR_RUNGS}
    known = {**METHODS, **ABLATIONS, **SYSTEMS, **CANDIDATES, **rungs_of_sr}
    return known.get(name) or Method(name, SR_NET if name == SR_MORE else None)


@dataclass(frozen=True)
class Run:
    """One training of the ladder.

    Attributes:
        method: A rung or one of the initial networks.
        data: The images: a key of :data:`SETS`.
        scale: Between LR and HR images; None where only HR images are seen.
        seed: Of the run, and of all that it starts from.
        budget: Its minutes, as a multiple of L->T's shortest; None for initial networks.
    """

    method: str
    data: str
    scale: int | None
    seed: int
    budget: int | None = None

    @property
    def config_name(self) -> str:
        """Of its config, without the suffix."""
        scale = '' if self.scale is None else f'_x{self.scale}'
        config = method_of(self.method).config or self.method
        return f'{config}{scale}_{self.image_set if config == SR_NET else self.same_set}'

    @property
    def name(self) -> str:
        """Says what it is, but for the seed."""
        scale = '' if self.scale is None else f'_x{self.scale}'
        budget = '' if self.budget is None else f'_b{self.budget}'
        return f'{self.method}{scale}_{self.data}{budget}'

    @property
    def is_trained(self) -> bool:
        """Whether there is anything to train."""
        return self.method != BICUBIC

    @property
    def serves_both(self) -> bool:
        """Whether one training serves test and held-out runs: its images are the same, or it reads no label."""
        same_images = SETS[self.data].held_out and self.method in INITIAL
        return same_images or self.method in (SR_NET, *SR_RUNGS)

    def training(self, held_out: bool = False) -> Training:
        """How it is trained, and from what."""
        held_out = held_out and not self.serves_both
        folder = (HELD_OUT_WORK if held_out else WORK) / self.name / f'seed_{self.seed}'
        config = CONFIGS / f'{self.config_name}.py'
        init = {net: run.training(held_out).work_dir for net, run in self.sources().items()}
        return Training(
            folder / config.name if held_out else config, folder, self.seed, init, self.options()
        )

    def options(self) -> dict[str, object]:
        """Settings of its config: how long it trains, and what sets its method apart."""
        if self.budget is None or not self.is_trained:
            return self.own_options()
        epochs = self.epochs()
        length = {'train_cfg.max_epochs': epochs, 'train_cfg.val_interval': epochs}
        return {**length, **self.own_options()}

    def own_options(self) -> dict[str, object]:
        """What sets its method apart, its SR network included."""
        method = method_of(self.method)
        sr_net = SR_RUNGS[method.sr_rung](self.scale) if method.sr_rung else {}
        return {**sr_net, **method.options}

    def epochs(self) -> int:
        """Epochs that its budget buys, from the measured cost of an iteration."""
        data = SETS[self.data]
        if not self.is_trained:
            return 0
        if self.method in WITHOUT_SR:
            return self.budget * data.epochs
        check_costs([self])
        cost = self.costs()[self.measured_as]
        return max(1, round(self.budget * data.epochs / cost))

    @property
    def measured_as(self) -> str:
        """The method whose iteration tells what its own costs."""
        # Trained as long as SR4IR's SR network, whatever that takes.
        return {SR_MORE: 'sr4ir', 's2t-more': 's2t'}.get(self.method, self.method)

    def sources(self) -> dict[str, Run]:
        """Network -> the run that it starts from."""
        if self.method == SR_MORE:
            return {'sr_net': self._sr_net()}
        if self.method == TASK_NET and SETS[self.data].backbone:
            return {'task_net': Run(BACKBONE, self.image_set, None, self.seed)}
        if self.method in (*INITIAL, *SR_RUNGS):
            return {}
        sources = {}
        method = method_of(self.method)
        trained_on_hr = Run('h2t', self.data, None, self.seed, HR_BUDGET)
        if self.method == 't2s':
            sources['task_net'] = trained_on_hr
        elif SETS[self.data].hr_first or method.finished:
            data = self.image_set if method.finished else self.same_set
            sources['task_net'] = Run(TASK_NET, data, None, self._seed_of_start)
        if method.oracle:
            sources['extractor'] = sources.get('task_net', trained_on_hr)
        if self.method == 's2t-more':
            sources['sr_net'] = Run(SR_MORE, self.data, self.scale, self.seed, self.budget)
        elif self.method not in WITHOUT_SR and 'sr_net' in method.starts:
            sources['sr_net'] = self._sr_net()
        return sources

    def _sr_net(self) -> Run:
        rung = method_of(self.method).sr_rung or SR_NET
        return Run(rung, self.image_set, self.scale, self._seed_of_start)

    @property
    def same_set(self) -> str:
        """The set whose images and configs it has."""
        return SETS[self.data].same_as or self.data

    @property
    def image_set(self) -> str:
        """The set whose SR networks and backbone it has."""
        return SETS[self.data].images or self.same_set

    def costs(self) -> dict[str, float]:
        """Method -> cost of an iteration in L->T's, as far as they are measured."""
        return costs_of(f'{self.measured_set}_x{self.scale}')

    @property
    def measured_set(self) -> str:
        """The set whose costs it has: one measure for all methods of a ladder, so never those of two sets."""
        return self.data if costs_of(f'{self.data}_x{self.scale}') else self.same_set

    @property
    def _seed_of_start(self) -> int:
        return self.seed if SETS[self.data].own_starts else 0

    def result_paths(self, held_out: bool = False) -> dict[int, Path]:
        """Scale -> where its result goes; on HR images it is the same one for all scales."""
        scales = SETS[self.data].scales if self.scale is None else (self.scale,)
        folder = HELD_OUT_RESULTS if held_out else RESULTS
        return {
            s: folder / f'{self.data}_x{s}_{self.method}_b{self.budget}_seed{self.seed}.json'
            for s in scales
        }


@lru_cache
def costs_of(ladder: str) -> dict[str, float]:
    """Method -> cost of an iteration in L->T's, as far as costs.py has measured them."""
    costs = json.loads(COSTS.read_text()) if COSTS.is_file() else {}
    return costs.get(ladder, {}).get('ratios', {})


def check_costs(runs: Iterable[Run]) -> None:
    """See that it is known how many epochs each run's budget buys.

    Raises:
        UserError: Methods have not been measured.
    """
    missing: dict[tuple[str, int], dict[str, None]] = {}
    for run in runs:
        known = run.method in WITHOUT_SR or not run.is_trained
        if not known and run.measured_as not in run.costs():
            missing.setdefault((run.measured_set, run.scale), {})[run.measured_as] = None
    if missing:
        commands = (
            f'python {HERE}/costs.py --sets {data} --scales {scale} --methods {" ".join(methods)}'
            for (data, scale), methods in missing.items()
        )
        raise UserError(
            f'{COSTS} has no costs of {", ".join(f"{d}_x{s}" for d, s in missing)} for all methods asked for; measure '
            f'them with: {" && ".join(commands)}'
        )


def runs_on(method: str, data: str, scale: int) -> bool:
    """Whether a method is part of a ladder, or of that of the same images."""
    ladders = method_of(method).ladders
    return ladders is None or (SETS[data].same_as or data, scale) in ladders


def planned(
    sets: Iterable[str], methods: Iterable[str] | None, budgets: Iterable[int] | None
) -> Iterator[tuple[str, Iterable[str], int]]:
    """Set, methods and budget of what is asked for: what the plan has of a set, unless methods or budgets are given.

    Of a set that the plan lacks, it is everything.
    """
    for data in sets:
        plan = PLAN.get(data, {})
        for budget in budgets or plan or BUDGETS:
            yield data, methods or plan.get(budget, (*METHODS, *SYSTEMS)), budget


def rungs(
    sets: Iterable[str] = SETS,
    methods: Iterable[str] = METHODS,
    seeds: Iterable[int] = (0,),
    budgets: Iterable[int] = BUDGETS,
    scales: Iterable[int] | None = None,
) -> list[Run]:
    """Every method of every set at every scale (or those given), smallest budgets first, seed by seed."""
    runs = [
        Run(method, data, None, seed, HR_BUDGET)
        if method == 'h2t'
        else Run(method, data, scale, seed, budget)
        for data in sets
        for scale in SETS[data].scales
        if scales is None or scale in scales
        for budget in budgets
        for seed in seeds
        for method in methods
        if runs_on(method, data, scale)
    ]
    return list(dict.fromkeys(runs))
