"""``SRPhase(end=...)`` and ``TaskPhase(begin=...)``: the SR network learns first, then the task network."""

import pytest

from sr4ir_mm.structures import Progress
from sr4ir_mm.utils.errors import UserError
from tests import toy


def build():
    phases = [{**toy.SR_PHASE, 'end': 0.5}, {**toy.TASK_PHASE, 'begin': 0.5}]
    return toy.build(phases=phases).train()


@pytest.mark.parametrize(
    ('iteration', 'moved'), [(0, {'sr_net'}), (4, {'sr_net'}), (5, {'task_net'}), (9, {'task_net'})]
)
def test_one_network_learns_at_a_time(iteration, moved, monkeypatch):
    model = build()
    monkeypatch.setattr(Progress, 'of_run', lambda: Progress(iteration, 10))
    before = toy.snapshot(model)

    model.train_step(toy.batch('cls'), toy.optim_wrapper(model))

    assert {key.split('.')[0] for key in toy.changed(before, model)} == moved


def test_both_rest_and_both_count_outside_a_training():
    model = build()

    assert all(phase.rests for phase in model.phases)
    batch = model.data_preprocessor(toy.batch('cls'), True)['inputs']
    losses = model(batch, mode='loss')
    assert {name.split('/')[0] for name in losses} == {'sr_net', 'task_net'}
    assert not Progress().ended(0.5)


def test_nothing_between_begin_and_end_is_refused():
    with pytest.raises(UserError, match='begin=0.5 and end=0.5'):
        toy.build(phases=[{**toy.SR_PHASE, 'begin': 0.5, 'end': 0.5}, toy.TASK_PHASE])
