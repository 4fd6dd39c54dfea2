"""The panel of the truth, and which images are shown."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.structures import PixelData

from sr4ir_mm.apis.report.evaluate import Image, chosen, grouped, groupings, true_sample
from sr4ir_mm.apis.report.judge import Item, Judgement


def test_the_panel_of_the_truth_leaves_the_prediction_alone():
    from mmseg.structures import SegDataSample

    predicted = torch.tensor([[[1, 1, 0]]])
    sample = SegDataSample(
        gt_sem_seg=PixelData(data=torch.tensor([[[0, 1, 255]]])),
        pred_sem_seg=PixelData(data=predicted.clone()),
    )
    sample.set_field(torch.ones(3, 1, 3), 'hr_rgb01')
    contestant = SimpleNamespace(dataset=SimpleNamespace(get_data_info=lambda index: {}))

    truth = true_sample(contestant, 0, sample)

    assert truth.pred_sem_seg.data.tolist() == [[[0, 1, 255]]]
    assert torch.equal(sample.pred_sem_seg.data, predicted)
    assert torch.equal(truth.get('sr_rgb01'), torch.ones(3, 1, 3))


def test_without_an_hr_image_there_is_no_such_panel():
    from mmseg.structures import SegDataSample

    assert true_sample(None, 0, SegDataSample()) is None


@pytest.fixture
def images():
    gains = [0.5, -0.5, 0.0, 0.2, -0.1]
    return [
        Image(
            f'{number}.png',
            (12 + number, 12),
            [Item(number % 2, 10.0 * number)],
            [Judgement(0.5, [0.5]), Judgement(0.5 + gain, [0.5 + gain])],
        )
        for number, gain in enumerate(gains)
    ]


def test_the_images_that_gained_and_lost_most_are_shown(images):
    assert chosen(images, 1, 10) == [0, 3, 2, 4, 1]
    assert chosen(images, 1, 2) == [0, 1]
    assert chosen(images, 1, 3) == [0, 3, 1]


def test_items_are_grouped_by_size_class_and_lr_size(images):
    by = groupings(images, ('even', 'odd'))

    classes = grouped(images, by['class'], 2)
    assert [(name, count) for name, count, _ in classes] == [('even', 3), ('odd', 2)]
    assert classes[1][2] == pytest.approx([0.5, 0.35])
    assert [(n, c) for n, c, _ in grouped(images, by['LR size'], 2)] == [('12 px', 5)]
    assert sum(count for _, count, _ in grouped(images, by['object size'], 2)) == 5
