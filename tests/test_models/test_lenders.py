"""A task network that only lends features or losses needs weights to lend them from."""

import pytest
import torch
from mmengine.config import Config

from sr4ir_mm.models.settings import check_lender
from sr4ir_mm.utils.errors import UserError
from tests import toy

LENDING = {
    'task': dict(type='sr4ir_mm.SRPhase', pixel=dict(), task=dict(weight=0.01, begin=1 / 3)),
    'tdp': dict(type='sr4ir_mm.SRPhase', pixel=dict(), tdp=dict()),
}


def config(phases, task_net=None, init_from=None, **kwargs):
    model = dict(phases=phases, task_net=task_net or dict(type='X'), init_from=init_from or {})
    return Config(dict(model=model, **kwargs))


def task_phase(**kwargs):
    return dict(type='sr4ir_mm.TaskPhase', images=dict(sr=1.0), **kwargs)


@pytest.mark.parametrize('name', LENDING)
def test_a_random_lender_is_refused(name):
    with pytest.raises(UserError, match=f"its {name} loss would be .* or to 'random'"):
        check_lender(config([LENDING[name]]))


@pytest.mark.parametrize(
    'given',
    [
        dict(init_from=dict(task_net='x.pth')),
        dict(init_from=dict(task_net='random')),
        dict(load_from='x.pth'),
        dict(resume=True),
        dict(task_net=dict(type='X', init_cfg=dict(type='Pretrained', checkpoint='x.pth'))),
    ],
)
def test_one_with_weights_is_not(given):
    check_lender(config([LENDING['tdp']], **given))


@pytest.mark.parametrize(
    'phases',
    [
        [LENDING['tdp'], task_phase()],
        [dict(LENDING['tdp'], tdp=dict(begin=0.1)), task_phase(begin=0.1)],
        [dict(type='sr4ir_mm.SRPhase', pixel=dict())],
    ],
)
def test_nor_one_that_is_trained_or_lends_nothing(phases):
    check_lender(config(phases))


def test_one_that_is_trained_too_late_is_refused():
    with pytest.raises(UserError, match='no phase trains task_net by then'):
        check_lender(config([LENDING['tdp'], task_phase(begin=0.33)]))


def test_random_in_init_from_loads_nothing():
    torch.manual_seed(0)
    model = toy.build(init_from=dict(task_net='random'), phases=[LENDING['tdp']])

    assert not any(p.requires_grad for p in model.task_net.parameters())
