"""ChannelsLastHook: another memory layout, the same training."""

from types import SimpleNamespace

import pytest
import torch

from sr4ir_mm.engine.hooks import ChannelsLastHook
from tests import toy


@pytest.fixture
def model():
    return toy.build(phases=[toy.SR_PHASE, toy.TASK_PHASE])


def test_parameters_stay_the_same_objects_with_the_same_values(model):
    before = {name: (value, value.detach().clone()) for name, value in model.named_parameters()}

    ChannelsLastHook().before_run(SimpleNamespace(model=model))

    for name, value in model.named_parameters():
        assert value is before[name][0]
        assert torch.equal(value, before[name][1])


def test_feature_maps_follow(model):
    ChannelsLastHook().before_run(SimpleNamespace(model=model))

    sr = model.super_resolve(torch.rand(2, 3, 8, 8))
    weights = [value for value in model.parameters() if value.dim() == 4 and value.shape[1] > 1]

    assert sr.shape == (2, 3, 32, 32)
    assert all(value.is_contiguous(memory_format=torch.channels_last) for value in weights)
