"""The panel of the truth, and which images are shown."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.structures import PixelData

from sr4ir_mm.apis.report.evaluate import (
    Contestant,
    Image,
    chosen,
    contest,
    grouped,
    groupings,
    true_sample,
)
from sr4ir_mm.apis.report.judge import Item, Judgement
from sr4ir_mm.utils.errors import UserError


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


class Names(list):
    """A data set that knows the names of its images alone."""

    def get_data_info(self, index):
        return dict(img_path=f'folder/{self[index]}.png')


class Entrant(Contestant):
    """A run on made-up test images, one class an image."""

    def __init__(self, name, labels, names='abc', classes=('cat', 'dog'), shade=0.5, kind='hr'):
        self.run = SimpleNamespace(work_dir=name, name=name)
        self.labels, self.shade, self.kind = labels, shade, kind
        self.dataset = Names(names)
        self.inferencer = SimpleNamespace(
            model=SimpleNamespace(dataset_meta=dict(classes=list(classes)))
        )

    def predict(self, index):
        from mmpretrain.structures import DataSample

        sample = DataSample().set_gt_label(self.labels[index]).set_pred_label(0)
        sample.set_pred_score(torch.tensor([0.7, 0.3]))
        sample.set_metainfo(dict(ori_shape=(4, 4)))
        sample.set_field(torch.full((3, 2, 2), self.shade), 'lr_rgb01')
        if self.kind == 'hr':
            sample.set_field(torch.full((3, 4, 4), self.shade), 'hr_rgb01')
        return sample


def test_runs_on_the_same_images_are_compared():
    one, other = Entrant('one', [0, 1, 0]), Entrant('other', [0, 1, 0], shade=0.501)
    images, _ = contest([one, other, Entrant('third', [0, 1, 0], classes=())], None)
    assert [len(image.judgements) for image in images] == [3, 3, 3]


@pytest.mark.parametrize(
    ('changes', 'difference'),
    [
        (dict(names='abcd'), '3 and 4 of them'),
        (dict(names='axc'), 'number 1 is b.png and x.png'),
        (dict(classes=('cat', 'cow')), 'class 1 is dog and cow'),
        (dict(classes=('cat', 'dog', 'cow')), 'class 2 is none and cow'),
        (dict(labels=[0, 0, 0]), 'the truth of b.png is not the same'),
        (dict(shade=0.6), 'a.png is not the same picture'),
    ],
)
@pytest.mark.parametrize('kind', ['hr', 'lr'])
def test_other_images_labels_and_classes_are_told(changes, difference, kind):
    settings = dict(dict(labels=[0, 1, 0], kind=kind), **changes)
    with pytest.raises(UserError, match=difference):
        contest([Entrant('one', [0, 1, 0], kind=kind), Entrant('other', **settings)], None)


def test_images_beyond_the_limit_may_differ():
    one, other = Entrant('one', [0, 1, 0]), Entrant('other', [0, 1, 1], names='abx')
    assert len(contest([one, other], 2)[0]) == 2
