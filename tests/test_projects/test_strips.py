"""Pictures of gains and failures: how answers are counted, and the pictures of a toy ladder."""

import importlib
import sys

import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData
from mmpretrain.structures import DataSample

from sr4ir_mm.utils.errors import UserError


@pytest.fixture
def strips():
    yield importlib.import_module('strips')
    for name in ('strips',):
        sys.modules.pop(name, None)


def detection(truth, found):
    """Boxes as (left, label, score): squares of 10 px."""
    square = [[left, 0.0, left + 10.0, 10.0] for left, *_ in found]
    sample = DetDataSample(
        metainfo=dict(
            instances=[dict(bbox=[x, 0, x + 10, 10], bbox_label=label) for x, label in truth]
        )
    )
    sample.pred_instances = InstanceData(
        bboxes=torch.tensor(square).reshape(-1, 4),
        labels=torch.tensor([label for _, label, _ in found], dtype=torch.long),
        scores=torch.tensor([score for *_, score in found]),
    )
    return sample


@pytest.mark.parametrize(
    ('truth', 'found', 'merit'),
    [
        ([(0, 1)], [(1, 1, 0.9)], 1),
        ([(0, 1)], [(1, 2, 0.9)], -1),
        ([(0, 1)], [(1, 1, 0.1)], 0),
        ([(0, 1)], [(30, 1, 0.9)], -1),
        ([(0, 1), (20, 2)], [(0, 1, 0.9), (20, 2, 0.8), (50, 0, 0.7)], 1),
        ([(0, 1)], [(0, 1, 0.9), (1, 1, 0.8)], 1),
        ([], [(0, 1, 0.9)], -1),
        ([(0, 1)], [], 0),
    ],
    ids=['hit', 'class', 'score', 'place', 'several', 'twice', 'no-object', 'no-box'],
)
def test_found_objects_count_and_false_alarms_count_against(strips, truth, found, merit):
    assert strips.merit(detection(truth, found)) == merit


@pytest.mark.parametrize(('label', 'merit'), [(2, 1), (1, 0)])
def test_a_class_is_right_or_not(strips, label, merit):
    sample = DataSample().set_gt_label(2).set_pred_label(label)

    assert strips.merit(sample) == merit


def test_a_ladder_that_has_not_run_is_named(strips, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(UserError, match=r'holds no finished training; run python projects/'):
        strips.load(strips.Run('l2t', 'clothing', 8, 0, 1))
