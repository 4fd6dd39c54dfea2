"""Cosine annealing over a share of the training."""

import math

import pytest
import torch
from torch import nn

from sr4ir_mm.engine.schedulers import SpanCosineLR
from sr4ir_mm.utils.errors import UserError

EPOCHS, LENGTH = 4, 5


def rates(span):
    """The rate of every iteration, as mmengine builds the scheduler."""
    sgd = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = SpanCosineLR.build_iter_from_epoch(
        sgd, span=span, eta_min=0.1, begin=0, end=EPOCHS, by_epoch=True, epoch_length=LENGTH
    )
    values = []
    for _ in range(EPOCHS * LENGTH):
        values.append(sgd.param_groups[0]['lr'])
        sgd.step()
        scheduler.step()
    return values


def cosine(phase):
    return 0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * phase))


def test_the_first_half():
    expected = [cosine(min(i / 10, 1.0)) for i in range(20)]
    assert rates((0.0, 0.5)) == pytest.approx(expected, abs=1e-6)


def test_the_second_half():
    expected = [1.0] * 10 + [cosine(i / 10) for i in range(10)]
    assert rates((0.5, 1.0)) == pytest.approx(expected, abs=1e-6)


def test_all_of_it():
    assert rates((0.0, 1.0)) == pytest.approx([cosine(i / 20) for i in range(20)], abs=1e-6)


@pytest.mark.parametrize('span', [(0.5, 0.5), (0.0, 1.5)])
def test_wrong_shares_are_named(span):
    with pytest.raises(UserError, match='span'):
        rates(span)
