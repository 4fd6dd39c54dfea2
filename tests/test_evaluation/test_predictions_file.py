"""The file of predictions: what it holds for each task, and that the metric can be made from it again."""

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData, PixelData

from sr4ir_mm.evaluation import PredictionsFile
from sr4ir_mm.evaluation.metrics.predictions_file import BOX_UNIT, near_boundary
from sr4ir_mm.utils.errors import UserError


def written(tmp_path, *samples, **options):
    path = tmp_path / 'folder' / 'predictions.npz'
    metric = PredictionsFile(str(path), **options)
    metric.process({}, list(samples))
    assert metric.evaluate(len(samples)) == {}
    with np.load(path) as file:
        return dict(file)


def test_classes_keep_their_scores(tmp_path):
    samples = [
        dict(pred_score=torch.tensor([0.25, 0.75]), gt_label=torch.tensor([label]))
        for label in (1, 0)
    ]

    file = written(tmp_path, *samples)

    assert file['labels'].tolist() == [1, 0]
    assert file['scores'].tolist() == [[0.25, 0.75]] * 2
    assert file['predicted'].tolist() == [1, 1]


def test_scores_that_are_equal_in_16_bits_keep_their_prediction(tmp_path):
    scores = torch.tensor([0.49999, 0.50001])

    file = written(tmp_path, dict(pred_score=scores, gt_label=torch.tensor([1])))

    assert file['scores'][0, 0] == file['scores'][0, 1]
    assert file['predicted'].tolist() == [1]


def segmentation(truth, predicted, classes=2):
    return dict(
        gt_sem_seg=dict(PixelData(data=torch.tensor(truth)[None]).items()),
        pred_sem_seg=dict(PixelData(data=torch.tensor(predicted)[None]).items()),
        seg_logits=dict(data=torch.zeros(classes, *np.shape(truth))),
    )


def test_label_maps_keep_their_confusion_inside_and_at_boundaries(tmp_path):
    truth = np.zeros((8, 12), np.int64)
    truth[:, 6:] = 1
    truth[0, 0] = 255
    predicted = np.zeros_like(truth)

    confusion = written(tmp_path, segmentation(truth, predicted))['confusion'][0]

    # Two columns on either side of the change are boundary; the ignored pixel spoils its neighbours, too.
    assert confusion[1].sum() == 4 * 8 + 8
    assert confusion[0, 1].tolist() == [4 * 8, 0]
    assert confusion.sum() == 8 * 12 - 1


def test_near_boundary_is_a_square_around_changes():
    labels = np.zeros((9, 9), np.int64)
    labels[4, 4] = 1

    near = near_boundary(labels, 2)

    assert near.sum() == 25
    assert near[2:7, 2:7].all()


def detection(boxes, scores, labels, truth):
    found = dict(
        bboxes=torch.tensor(boxes).reshape(-1, 4),
        scores=torch.tensor(scores),
        labels=torch.tensor(labels, dtype=torch.long),
    )
    return dict(pred_instances=InstanceData(**found), instances=truth)


def test_boxes_are_kept_image_by_image(tmp_path):
    truth = [
        dict(bbox=[0, 0, 8, 8], bbox_label=1),
        dict(bbox=[1, 1, 2, 2], bbox_label=0, ignore_flag=1),
    ]
    first = detection([[0.0, 0.5, 8.0, 7.96]], [0.9], [1], truth)
    second = detection([], [], [], [])

    file = written(tmp_path, second, first)

    assert file['count'] == 2
    assert file['images'].tolist() == file['true_images'].tolist() == [1]
    assert file['true_classes'].tolist() == [1]
    assert np.abs(file['boxes'] * BOX_UNIT - [[0, 0.5, 8, 7.96]]).max() <= BOX_UNIT / 2


def test_boxes_of_large_images_are_kept(tmp_path):
    small = detection([[0.0, 0.5, 8.0, 7.0]], [0.9], [1], [])
    large = detection([[5000.0, 0.5, 9000.5, 7.0]], [0.9], [1], [])

    file = written(tmp_path, small, large)

    assert (file['boxes'] * BOX_UNIT).tolist() == [[0, 0.5, 8, 7], [5000, 0.5, 9000.5, 7]]
    assert written(tmp_path, small)['boxes'].dtype == np.uint16


def test_a_detector_without_ground_truth_is_told_what_to_add(tmp_path):
    metric = PredictionsFile(str(tmp_path / 'a.npz'))

    with pytest.raises(UserError, match=r"add 'instances' to meta_keys"):
        metric.process({}, [dict(pred_instances=InstanceData())])


def test_an_sr_network_alone_leaves_no_file(tmp_path):
    path = tmp_path / 'a.npz'
    metric = PredictionsFile(str(path))
    metric.process({}, [dict(sr_rgb01=torch.rand(3, 8, 8))])

    assert metric.compute_metrics([]) == {}
    assert not path.exists()
