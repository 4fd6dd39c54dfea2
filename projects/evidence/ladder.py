"""What a run of the ladder is: how long a budget lets it train, and what it starts from; and which runs are planned."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from methods import (
    ABLATIONS,
    BACKBONE,
    BICUBIC,
    INITIAL,
    METHODS,
    SR_MORE,
    SR_NET,
    SR_RUNGS,
    SYSTEMS,
    TASK_NET,
    WITHOUT_SR,
    method_of,
)
from sets import SETS, SHARP

from sr4ir_mm.apis.runs import Training
from sr4ir_mm.utils.errors import UserError

HERE = Path('projects/evidence')
CONFIGS = HERE / 'configs'
COSTS = HERE / 'costs.json'
WORK = Path('work_dirs/evidence')
HELD_OUT_WORK = Path('work_dirs/evidence_held-out')
RESULTS = Path('docs/results')
HELD_OUT_RESULTS = RESULTS / 'held-out'

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
