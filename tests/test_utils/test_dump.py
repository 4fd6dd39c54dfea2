"""Predictions in a file."""

import torch
from mmengine.fileio import load

from sr4ir_mm.utils.dump import DumpPredictions


def test_images_are_left_out(tmp_path):
    metric = DumpPredictions(str(tmp_path / 'out.pkl'))
    sample = dict(pred=torch.ones(2), sr_rgb01=torch.ones(3, 4, 4), img_id='a')
    metric.process({}, [sample])
    metric.evaluate(1)
    (loaded,) = load(tmp_path / 'out.pkl')
    assert set(loaded) == {'pred', 'img_id'}
    assert set(sample) == {'pred', 'sr_rgb01', 'img_id'}
