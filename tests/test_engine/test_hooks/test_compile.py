"""Compiled parts compute the same and keep their names."""

import copy
import logging
from types import SimpleNamespace

import pytest
import torch

from sr4ir_mm.engine.hooks import CompileHook
from sr4ir_mm.utils.errors import UserError
from tests import toy


def runner(model):
    return SimpleNamespace(model=model, logger=logging.getLogger('compile'))


def test_losses_and_names_are_the_same():
    plain = toy.build('cls').train()
    model = copy.deepcopy(plain)
    seen = []

    def backend(graph, inputs):
        seen.append(graph)
        return graph.forward

    hook = CompileHook(backend=backend)
    hook.before_train(runner(model))
    hook.before_train_iter(runner(model), 0)
    losses = []
    for each in (plain, model):
        torch.manual_seed(0)
        losses.append(each.train_step(toy.batch('cls'), toy.optim_wrapper(each)))
    hook.after_train_iter(runner(model), 0)
    assert seen
    assert list(model.state_dict()) == list(plain.state_dict())
    for name, value in losses[0].items():
        assert torch.allclose(value, losses[1][name], rtol=1e-5), name


def test_a_model_without_the_parts_is_told():
    with pytest.raises(UserError, match='finds none of them'):
        CompileHook(parts=['decoder']).before_train(runner(toy.build('cls')))
