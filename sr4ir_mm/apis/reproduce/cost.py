"""How long a run will take: multiply-adds of its config over what this machine, or the paper's, did in an hour."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mmengine.config import Config

from sr4ir_mm.apis.reproduce.experiment import Experiment, is_trained, load
from sr4ir_mm.apis.reproduce.tables import TableRun
from sr4ir_mm.utils.kinds import class_name


@dataclass(frozen=True)
class _Set:
    """A training set: its images, their size in megapixels, and the task network's forward pass on one, in G."""

    images: int
    megapixels: float
    task: float


#: By library and root. The forward pass is a third of what ``tools/analysis_tools/benchmark.py --flops`` counts for an
#: image of H->T's training step, since a backward pass costs two forward passes.
_SETS = {
    ('mmseg', 'data/VOCdevkit/VOC2012/'): _Set(1464, 0.2304, 8.64),
    ('mmdet', 'data/VOCdevkit/VOC2012/'): _Set(5717, 0.1875, 12.4),
    ('mmpretrain', 'data/stanford_cars/'): _Set(8144, 0.0502, 1.77),
    ('mmpretrain', 'data/CUB_200_2011/'): _Set(5994, 0.0502, 1.77),
}
#: Forward pass of an SR network by type and scale, in G multiply-adds for a megapixel of HR, counted likewise.
_SR_NETS = {
    ('mmagic.EDSRNet', 4): 123.9,
    ('mmagic.EDSRNet', 8): 69.1,
    ('mmagic.SwinIRNet', 4): 817.2,
    ('mmagic.SwinIRNet', 8): 316.7,
}
#: VGG19 up to conv5_4, likewise.
_VGG = 388.0
#: The paper's one figure: SR4IR, segmentation x8 with EDSR, in 2.41 hours on its GPU (methods.md 5.8).
_PAPERS_RUN, _PAPERS_HOURS = TableRun('sr4ir/deeplabv3_edsr_x8_voc'), 2.41


def multiply_adds(cfg: Config) -> float | None:
    """Of a whole training, in G; None for networks or sets that are not in the tables here.

    An SR phase costs three forward passes of the SR network, and as many of the feature network for the TDP loss; a
    task phase three of the task network for each image kind, and one of the SR network.
    """
    data = _SETS.get((cfg.get('default_scope'), cfg.get('data_root')))
    sr_net = cfg.model.get('sr_net')
    sr = 0.0 if sr_net is None else _SR_NETS.get((sr_net.type, cfg.model.scale))
    if data is None or sr is None:
        return None
    other = isinstance(cfg.model.get('extractor'), Mapping)
    features = _VGG * data.megapixels if other else data.task
    unit = {'sr': sr * data.megapixels, 'task': data.task, 'features': features}
    passes = [_passes(phase) for phase in cfg.model.phases]
    one_image = sum(unit[part] * count for phase in passes for part, count in phase.items())
    return one_image * data.images * cfg.train_cfg.max_epochs


def _passes(phase: Mapping) -> dict[str, float]:
    """Forward passes that a phase is worth, by network."""
    kind = class_name(phase)
    images = phase.get('images', {})
    kinds = 1 if phase.get('draw') else len(images)
    features = 3.0 if phase.get('tdp') else 0.0
    if kind == 'TaskPhase':
        from_sr = [weight for image, weight in images.items() if image in ('sr', 'cqmix')]
        # Where a kind is drawn for each image, those of the other kinds are not super-resolved.
        sr = sum(from_sr) / sum(images.values()) if phase.get('draw') else float(bool(from_sr))
        return {'sr': sr, 'task': 3.0 * kinds}
    if kind == 'JointPhase':
        return {'sr': 3.0, 'task': 3.0 * kinds, 'features': 2 * features}
    share = (1 - phase.get('begin', 0.0)) / phase.get('every', 1)
    losses = 2.0 if phase.get('task') else 0.0
    return {'sr': 3 * share, 'task': losses * share, 'features': features * share}


@dataclass(frozen=True)
class CostModel:
    """Estimates hours of a GPU.

    Attributes:
        rate: G multiply-adds an hour.
        measured: Whether the rate is that of runs finished here, not the paper's.
    """

    rate: float
    measured: bool

    @classmethod
    def of(cls, experiment: Experiment, runs: Iterable[TableRun]) -> CostModel:
        """From the runs among these that are finished, or else from the paper's figure."""
        done = [(run, experiment.minutes(run)) for run in runs]
        counted = [(multiply_adds(load(run)), minutes) for run, minutes in done if minutes]
        known = [(work, minutes) for work, minutes in counted if work]
        if known:
            hours = sum(minutes for _, minutes in known) / 60
            return cls(sum(work for work, _ in known) / hours, measured=True)
        return cls(multiply_adds(load(_PAPERS_RUN)) / _PAPERS_HOURS, measured=False)

    def hours(self, run: TableRun) -> float | None:
        """Of a training; None where nothing is known of its networks or its set. Analyses and tests take minutes."""
        if run.command or not is_trained(load(run)):
            return 0.0
        work = multiply_adds(load(run))
        return None if work is None else work / self.rate

    @property
    def source(self) -> str:
        """Where the rate comes from, for the list of runs."""
        return (
            'of runs finished here'
            if self.measured
            else "of the paper's GPU (2.41 h for its SR4IR)"
        )
