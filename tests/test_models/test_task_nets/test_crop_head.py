"""The discriminator's class and box branches in SOD-MTGAN's own training."""

import pytest
import torch
import torch.nn.functional as F
from mmpretrain.structures import DataSample

from sr4ir_mm.models.task_nets import CropHead


def samples(labels, deltas):
    made = [DataSample().set_gt_label(label) for label in labels]
    for sample, row in zip(made, deltas, strict=True):
        sample.set_field(row, 'box_deltas')
    return made


@pytest.fixture
def head():
    torch.manual_seed(0)
    return CropHead(num_classes=4, in_channels=5, box_weight=2.0)


def test_losses_by_hand(head):
    features = torch.randn(3, 5)
    labels, deltas = [1, 3, 0], [[0.1, -2.0, 0.3, 0.0], [0.0] * 4, [1.0, 1.0, 1.0, 1.0]]
    losses = head.loss((features,), samples(labels, deltas))
    assert torch.allclose(losses['loss'], F.cross_entropy(head.fc(features), torch.tensor(labels)))
    offsets = head.fc_box(features).view(3, 4, 4)
    expected = sum(
        F.smooth_l1_loss(offsets[i, labels[i]], torch.tensor(deltas[i]), reduction='sum')
        for i in (0, 2)
    )
    assert torch.allclose(losses['loss_box'], 2.0 * expected / 2)


def test_background_alone_has_no_box_loss_but_a_gradient_of_zero(head):
    losses = head.loss((torch.randn(2, 5),), samples([3, 3], [[0.0] * 4] * 2))
    losses['loss_box'].backward()
    assert losses['loss_box'] == 0
    assert torch.equal(head.fc_box.weight.grad, torch.zeros(16, 5))


def test_predicted_offsets_are_those_of_the_likeliest_object(head):
    features = torch.randn(2, 5)
    found = head.predict((features,), [DataSample(), DataSample()])
    scores = head.fc(features).softmax(1)
    for i, sample in enumerate(found):
        assert torch.allclose(sample.pred_score, scores[i])
        best = int(scores[i, :3].argmax())
        assert torch.allclose(sample.pred_deltas, head.fc_box(features)[i, 4 * best : 4 * best + 4])
