"""Predictions in words and as plain data."""

import json

import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData, PixelData
from mmpretrain.structures import DataSample
from pycocotools import mask as coco

from sr4ir_mm.apis.describe import as_dict, describe, label_map

META = {'classes': ('cat', 'dog', 'sky')}


def classified(labels, scores):
    sample = DataSample()
    return sample.set_pred_score(torch.tensor(scores)).set_pred_label(torch.tensor(labels))


def panoptic():
    """Two dogs, some sky, and a column that belongs to nothing."""
    segments = torch.tensor([[[1, 1, 3], [1001, 2, 3]]])
    return DetDataSample(pred_panoptic_seg=PixelData(sem_seg=segments))


def test_one_class():
    sample = classified([1], [0.1, 0.2, 0.1])

    assert describe(sample, META) == 'dog 0.20'
    data = as_dict(sample, META)
    assert (data['label'], data['name'], data['labels'], data['names']) == (1, 'dog', [1], ['dog'])


def test_several_classes():
    sample = classified([0, 1, 2], [0.9, 0.2, 0.6])

    assert describe(sample, META, 0.3) == 'cat 0.90, sky 0.60'
    data = as_dict(sample, META)
    assert data['labels'] == [0, 1, 2]
    assert data['names'] == ['cat', 'dog', 'sky']
    assert len(data['scores']) == 3
    assert 'label' not in data


def test_no_class_of_several():
    sample = classified([], [0.1, 0.2, 0.1]).set_pred_label(torch.zeros(0, dtype=torch.long))

    assert describe(sample, META) == 'nothing'
    assert as_dict(sample, META)['labels'] == []


def test_panoptic_segments():
    sample = panoptic()

    assert describe(sample, META) == 'contains dog, sky'
    rows = [tuple(row.values()) for row in as_dict(sample, META)['segments']]
    assert rows == [(1, 1, 'dog', 2), (2, 2, 'sky', 1), (1001, 1, 'dog', 1)]
    assert label_map(sample).dtype == np.uint16
    assert label_map(sample).tolist() == [[1, 1, 3], [1001, 2, 3]]


def test_instance_masks_are_run_lengths():
    masks = torch.rand(2, 5, 7) > 0.5
    found = InstanceData(
        labels=torch.tensor([0, 1]),
        scores=torch.tensor([0.9, 0.8]),
        bboxes=torch.zeros(2, 4),
        masks=masks,
    )

    data = json.loads(json.dumps(as_dict(DetDataSample(pred_instances=found), META)))

    decoded = [coco.decode(code) for code in data['masks']]
    assert np.array_equal(np.stack(decoded), masks.numpy())


def test_no_masks_are_an_empty_list():
    found = InstanceData(
        labels=torch.zeros(0, dtype=torch.long),
        scores=torch.zeros(0),
        bboxes=torch.zeros(0, 4),
        masks=torch.zeros(0, 5, 7, dtype=torch.bool),
    )

    assert as_dict(DetDataSample(pred_instances=found), META)['masks'] == []
