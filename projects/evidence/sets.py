"""The sets of the ladder."""

from __future__ import annotations

from dataclasses import dataclass, replace


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
