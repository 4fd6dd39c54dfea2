"""Panels of what mmdet's panoptic networks find."""

from types import SimpleNamespace

import pytest
import torch
from mmdet.structures import DetDataSample
from mmdet.visualization import DetLocalVisualizer
from mmengine.structures import PixelData

from sr4ir_mm.models.adapters.detection import DetectionAdapter
from sr4ir_mm.visualization import StripPainter

META = {'classes': ('cat', 'sky'), 'palette': [(255, 0, 0), (0, 0, 255)]}


@pytest.mark.parametrize('value', [0, 1001, 2], ids=['thing', 'second', 'nothing'])
def test_a_panoptic_map_is_drawn_in_the_coordinates_it_is_told_in(value):
    segments = torch.full((1, 50, 60), value)
    sample = DetDataSample(
        pred_panoptic_seg=PixelData(sem_seg=segments), metainfo=dict(ori_shape=(50, 60))
    )
    sample.set_field(torch.rand(3, 64, 64), 'sr_rgb01')
    # Only how detections are drawn is used of the adapter.
    adapter = SimpleNamespace(
        draw=lambda *args, **options: DetectionAdapter.draw(None, *args, **options)
    )
    model = SimpleNamespace(test_cfg=dict(predict_task=True), adapter=adapter)

    panel = StripPainter(DetLocalVisualizer, f'panoptic_{value}', META).panel(model, sample, 'SR')

    assert panel.shape == (22 + 4 * 50, 4 * 60, 3)
