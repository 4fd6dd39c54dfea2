"""Real LR images at test time: results in the LR image's own coordinates unless asked otherwise."""

import pytest
import torch

from sr4ir_mm.utils.errors import UserError
from tests import toy


def predict(task, size=(16, 16), **test_cfg):
    model = toy.build(task, test_cfg=dict(input='lr', **test_cfg)).eval()
    return model, model.test_step(toy.batch(task, (size,)))[0]


def test_boxes_come_back_in_lr_coordinates():
    model, lr = predict('det')
    _, _ = model, lr
    other = toy.build('det', test_cfg=dict(input='lr', coordinates='sr')).eval()
    other.load_state_dict(model.state_dict())
    sr = other.test_step(toy.batch('det', ((16, 16),)))[0]
    assert len(lr.pred_instances) > 0
    assert torch.allclose(lr.pred_instances.bboxes * toy.SCALE, sr.pred_instances.bboxes, atol=1e-4)
    assert lr.pred_instances.bboxes.max() <= 16
    assert tuple(lr.ori_shape) == (16, 16)
    assert tuple(sr.ori_shape) == (64, 64)


@pytest.mark.parametrize(('coordinates', 'side'), [('lr', 16), ('sr', 64)])
def test_label_maps_have_the_size_asked_for(coordinates, side):
    _, sample = predict('seg', coordinates=coordinates)
    assert sample.pred_sem_seg.shape[-2:] == (side, side)


def test_sr_image_is_scale_times_larger_and_there_is_no_hr():
    _, sample = predict('cls', size=(15, 13))
    assert sample.get('sr_rgb01').shape == (3, 60, 52)
    assert sample.get('lr_rgb01').shape == (3, 15, 13)
    assert 'hr_rgb01' not in sample


def test_showing_hr_without_hr_is_told():
    with pytest.raises(UserError, match="input='lr'"):
        predict('cls', image='hr')


def test_same_sr_as_from_the_degraded_hr_image():
    """An LR image saved and loaded again gives what the benchmark path gives."""
    hr_model = toy.build('cls').eval()
    sample = hr_model.test_step(toy.batch('cls', ((64, 64),)))[0]
    lr_model = toy.build('cls', test_cfg=dict(input='lr')).eval()
    lr_model.load_state_dict(hr_model.state_dict())
    data = toy.batch('cls', ((16, 16),))
    data['inputs'] = [(sample.get('lr_rgb01') * 255).round().byte().flip(0)]
    again = lr_model.test_step(data)[0]
    assert torch.allclose(again.pred_score, sample.pred_score, atol=1e-6)
    assert torch.allclose(again.get('sr_rgb01'), sample.get('sr_rgb01'), atol=1e-6)
