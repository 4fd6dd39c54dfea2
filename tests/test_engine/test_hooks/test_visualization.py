"""Picture strips through each library's own visualizer."""

import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import VISUALIZERS

from sr4ir_mm.engine import SRVisualizationHook
from sr4ir_mm.visualization import StripPainter, caption, hstack_panels, to_uint8, vstack_rows
from tests import toy

CLASSES = ('a', 'b', 'c')
PALETTE = [(255, 0, 0), (0, 255, 0), (0, 0, 255)]
VISUALIZER = {
    'det': 'mmdet.DetLocalVisualizer',
    'seg': 'mmseg.SegLocalVisualizer',
    'cls': 'mmpretrain.UniversalVisualizer',
}


class Runner:
    """What the hook needs of a Runner."""

    def __init__(self, model, task, work_dir):
        self.model = model
        self.work_dir = str(work_dir)
        self.iter = 7
        self.visualizer = VISUALIZERS.build(dict(type=VISUALIZER[task], name=f'toy_{task}'))
        self.visualizer.dataset_meta = dict(classes=CLASSES, palette=PALETTE)
        self.shown = []
        self.visualizer.add_image = lambda name, image, step: self.shown.append((name, image, step))


@pytest.mark.parametrize('test_cfg', [{}, dict(input='lr')])
@pytest.mark.parametrize('task', ['det', 'seg', 'cls'])
def test_a_strip_has_a_panel_for_each_kind(tmp_path, task, test_cfg):
    model = toy.build(task, test_cfg=test_cfg).eval()
    runner = Runner(model, task, tmp_path)
    side = 16 if test_cfg else 64
    batch = toy.batch(task, ((side, side), (side, side)))
    hook = SRVisualizationHook(out_dir=str(tmp_path / 'strips'), max_images=1, score_thr=0.0)
    hook.before_test_epoch(runner)
    hook.after_test_iter(runner, 0, batch, None)
    hook.after_test_iter(runner, 1, batch, None)
    (path,) = (tmp_path / 'strips').glob('*.png')
    strip = cv2.imread(str(path))
    panels = 3 if test_cfg else 4
    panel = 64 * 3 + 4
    assert strip.shape[1] == panels * panel
    assert len(runner.shown) == 1
    assert np.array_equal(runner.shown[0][1][..., ::-1], strip)
    assert model.data_preprocessor.coordinates == 'lr'


def test_the_panels_show_the_images():
    """Colours are not swapped, and the HR panel is the loaded image."""
    model = toy.build('cls', test_cfg=dict(predict_task=False)).eval()
    batch = toy.batch('cls', ((64, 64),))
    painter = StripPainter(VISUALIZERS.get(VISUALIZER['cls']), 'toy_colours')
    (strip,) = painter.strips(model, batch, 1)
    hr = strip[22 : -0 or None, 3 * 196 : 3 * 196 + 192][1::3, 1::3]
    assert np.array_equal(hr, batch['inputs'][0].flip(0).permute(1, 2, 0).numpy())


def test_validation_is_drawn_on_request_only(tmp_path):
    model = toy.build('cls').eval()
    runner = Runner(model, 'cls', tmp_path)
    SRVisualizationHook().after_val_iter(runner, 0, toy.batch('cls'))
    assert not runner.shown
    SRVisualizationHook(draw_val=True).after_val_iter(runner, 0, toy.batch('cls'))
    assert [step for *_, step in runner.shown] == [7, 7]


def test_images_of_one_name_from_several_folders_all_have_strips(tmp_path):
    model = toy.build('cls').eval()
    runner = Runner(model, 'cls', tmp_path)
    hook = SRVisualizationHook(out_dir=str(tmp_path / 'strips'))
    batch = toy.batch('cls')
    for folder, sample in zip('ab', batch['data_samples'], strict=True):
        sample.set_metainfo(dict(img_path=f'{folder}/x.png'))

    for _ in range(2):  # the second pass writes over the first one's
        hook.before_test_epoch(runner)
        hook.after_test_iter(runner, 0, batch, None)

    assert {path.name for path in (tmp_path / 'strips').iterdir()} == {'x.png', 'x_2.png'}


def test_layout_helpers():
    image = to_uint8(torch.tensor([0.0, 0.5, 2.0]).view(3, 1, 1).expand(3, 8, 60))
    assert image[0, 0].tolist() == [0, 128, 255]
    panel = caption(image, 'title')
    assert panel.shape == (30, 60, 3)
    row = hstack_panels([panel, image])
    assert row.shape == (30, 128, 3)
    assert vstack_rows([row, panel]).shape == (68, 128, 3)
