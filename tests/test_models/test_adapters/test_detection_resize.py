"""An adapter's resize: masks and label maps follow the image, padded as the data preprocessor pads them."""

import numpy as np
import pytest
import torch
from mmdet.structures.bbox import HorizontalBoxes
from mmdet.structures.mask import BitmapMasks
from mmengine.config import ConfigDict
from mmengine.structures import PixelData

from sr4ir_mm.utils.errors import UserError
from tests import toy

RESIZE = dict(short=96, long=200, divisor=32)
SIZES = ((48, 64), (80, 96))


def filled(boxes, height, width):
    masks = np.zeros((len(boxes), height, width), np.uint8)
    for mask, (left, top, right, bottom) in zip(masks, boxes.int().tolist(), strict=True):
        mask[top:bottom, left:right] = 1
    return BitmapMasks(masks, height, width)


def resized(sizes, **preprocessor):
    """Samples of a batch whose masks fill their boxes, after the resize; the map labels the image 1."""
    cfg = toy.detector()
    cfg['data_preprocessor'].update(preprocessor)
    model = toy.build('det', task_net=ConfigDict(cfg), adapter=dict(resize=RESIZE))
    data = toy.batch('det', sizes)
    for sample, (height, width) in zip(data['data_samples'], sizes, strict=True):
        sample.gt_instances.masks = filled(sample.gt_instances.bboxes, height, width)
        sample.gt_sem_seg = PixelData(sem_seg=torch.ones(1, height, width).long())
    batch = model.data_preprocessor(data, True)['inputs']
    return model.adapter.to_task_inputs(batch.hr_rgb01, batch)


@pytest.mark.parametrize('sizes', [SIZES, ((75, 100),)])
@pytest.mark.parametrize('padded', [True, False])
def test_masks_stay_on_their_boxes(sizes, padded):
    inputs, samples = resized(sizes, pad_mask=padded)

    for sample in samples:
        masks, boxes = sample.gt_instances.masks, sample.gt_instances.bboxes
        size = tuple(inputs.shape[-2:]) if padded else sample.img_shape
        assert (masks.height, masks.width) == tuple(size)
        assert (masks.get_bboxes(HorizontalBoxes).tensor - boxes).abs().max() <= 1.5


def test_label_maps_end_where_the_image_ends():
    inputs, samples = resized(SIZES, pad_seg=True, seg_pad_value=7)

    for sample in samples:
        labels = sample.gt_sem_seg.sem_seg[0]
        height, width = sample.img_shape
        assert labels.shape == inputs.shape[-2:]
        assert (labels[:height, :width] == 1).all()
        assert (labels == 1).sum() == height * width
        assert set(labels.unique().tolist()) <= {1, 7}


@pytest.mark.parametrize('resize', [800, dict(short='96', long=200), dict(short=96)])
def test_a_resize_that_is_none_is_one_sentence(resize):
    with pytest.raises(UserError, match='DetectionAdapter') as caught:
        toy.build('det', adapter=dict(resize=resize))
    assert '\n' not in str(caught.value)
