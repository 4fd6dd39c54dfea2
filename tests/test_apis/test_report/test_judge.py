"""What counts as right."""

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData, PixelData

from sr4ir_mm.apis.report.judge import (
    Item,
    calibration,
    forget_void,
    items_of,
    judge,
    size_bounds,
    size_name,
    stratified_ap,
)
from sr4ir_mm.utils.errors import UserError


def boxes(*rows):
    """A detection of boxes (x1, y1, x2, y2, label, score)."""
    from mmdet.structures import DetDataSample

    table = torch.tensor(rows, dtype=torch.float32).reshape(-1, 6)
    sample = DetDataSample()
    sample.pred_instances = InstanceData(
        bboxes=table[:, :4], labels=table[:, 4].long(), scores=table[:, 5]
    )
    return sample


OBJECTS = [Item(0, 10, (0, 0, 10, 10)), Item(1, 20, (20, 20, 40, 40))]


def test_a_box_is_right_with_its_class_its_place_and_once():
    sample = boxes(
        (0, 0, 10, 9, 0, 0.9),  # right
        (0, 0, 10, 10, 0, 0.8),  # the same again
        (20, 20, 40, 40, 0, 0.7),  # wrong class
        (20, 20, 40, 40, 1, 0.2),  # right, below the score that is shown
    )

    judgement = judge(sample, OBJECTS)

    assert judgement.items == [1, 0]
    assert judgement.merit == pytest.approx(2 * 1 / (3 + 2))
    assert judgement.right == [True, False, False, True]


def test_an_empty_image_without_predictions_is_right():
    assert judge(boxes(), []).merit == 1
    assert judge(boxes((0, 0, 9, 9, 0, 0.9)), []).merit == 0


def test_objects_that_are_ignored_are_not_to_be_found():
    info = dict(
        instances=[
            dict(bbox=[0, 0, 4, 9], bbox_label=1, ignore_flag=0),
            dict(bbox=[0, 0, 4, 9], bbox_label=0, ignore_flag=1),
        ]
    )
    assert items_of(info, boxes()) == [Item(1, 6.0, (0, 0, 4, 9))]


def test_a_label_map_is_judged_class_by_class():
    from mmseg.structures import SegDataSample

    truth = torch.tensor([[0, 0, 1, 7]])  # 7 is no class of the two
    sample = SegDataSample(
        gt_sem_seg=PixelData(data=truth[None]),
        pred_sem_seg=PixelData(data=torch.tensor([[[0, 1, 1, 1]]])),
        seg_logits=PixelData(data=torch.tensor([[[9.0, 0, 0, 0]], [[0, 9, 9, 9]]])),
    )

    items = items_of({}, sample)
    judgement = judge(sample, items)

    assert [item.label for item in items] == [0, 1]
    assert judgement.items == [0.5, 0.5]
    assert judgement.right == [True, False, True]


def test_void_is_no_class_though_the_head_has_an_output_for_it():
    from mmseg.structures import SegDataSample

    sample = SegDataSample(
        gt_sem_seg=PixelData(data=torch.tensor([[[0, 0, 1, 2]]])),
        pred_sem_seg=PixelData(data=torch.tensor([[[0, 0, 1, 1]]])),
        seg_logits=PixelData(data=torch.eye(3)[[0, 0, 1, 1]].T[:, None]),
    )

    forget_void(sample, classes=2)
    judgement = judge(sample, items_of({}, sample))

    assert judgement.items == [1.0, 1.0]
    assert judgement.right == [True] * 3


def test_a_class_is_judged_by_the_probability_of_the_true_one():
    from mmpretrain.structures import DataSample

    sample = DataSample().set_gt_label(1).set_pred_label(0)
    sample.set_pred_score(torch.tensor([0.7, 0.3]))
    sample.set_metainfo(dict(ori_shape=(4, 9)))

    items = items_of({}, sample)
    judgement = judge(sample, items)

    assert items == [Item(1, 6.0)]
    assert judgement.merit == pytest.approx(0.3)
    assert judgement.right == [False]


@pytest.mark.parametrize(('truth', 'predicted'), [([0, 1], [0]), ([1], [0, 1]), ([0], [])])
def test_classifiers_of_several_labels_are_refused(truth, predicted):
    from mmpretrain.structures import DataSample

    sample = DataSample().set_gt_label(truth).set_pred_label(torch.tensor(predicted).long())
    sample.set_pred_score(torch.tensor([0.7, 0.8]))
    sample.set_metainfo(dict(ori_shape=(4, 9)))

    with pytest.raises(UserError, match='by the one class of an image'):
        items_of({}, sample)


def test_calibration_is_perfect_when_confidence_is_the_share_of_right_answers():
    confidences = [0.75] * 4 + [0.25] * 4
    right = [True, True, True, False] + [True, False, False, False]

    error, rows = calibration(confidences, right)

    assert error == pytest.approx(0)
    assert rows == [(0.25, 0.25, 4), (0.75, 0.75, 4)]
    assert calibration([1.0] * 4, [True, False] * 2)[0] == pytest.approx(0.5)
    assert calibration([], []) == (0, [])


def test_sizes_come_in_three_parts():
    bounds = size_bounds(list(range(9)))

    names = [size_name(size, bounds) for size in range(9)]
    assert names == ['small'] * 3 + ['medium'] * 3 + ['large'] * 3


def test_objects_as_large_as_a_bound_are_in_one_part_alone():
    found = [(10, True)] * 6 + [(20, False)] * 12 + [(30, True)] * 6
    items = [[Item(0, float(size), (0, 0, size, size))] for size, _ in found]
    rows = [
        boxes((0, 0, size, size, 0, 0.9) if hit else (50, 50, 52, 52, 0, 0.1))
        for size, hit in found
    ]
    bounds = size_bounds([item.size for row in items for item in row])

    parts = stratified_ap([row.pred_instances for row in rows], items, bounds)

    assert bounds == (20, 20)
    assert parts['large'] == pytest.approx(1.0)
    assert parts['small'] < 0.4


def test_ap_by_size_equals_cocos_where_only_one_size_is_found():
    rng = np.random.default_rng(0)
    items, predictions = [], []
    for _ in range(12):
        side = float(rng.choice([8, 16, 32]))
        x, y = rng.integers(0, 60, 2).tolist()
        items.append([Item(0, side, (x, y, x + side, y + side))])
        found = [(x, y, x + side, y + side, 0, 0.9)] if side > 20 else []
        predictions.append(boxes(*found).pred_instances)

    ap = stratified_ap(predictions, items, (10, 20))

    assert ap['large'] == pytest.approx(1)
    assert ap['small'] == ap['medium'] == pytest.approx(0)
    assert 0 < ap['all'] < 1
