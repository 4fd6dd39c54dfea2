"""A phase's loss in parts: the same gradients, one graph at a time."""

import pytest
import torch

from sr4ir_mm.models.phases import Phase, TaskPhase
from tests import toy


@pytest.mark.parametrize('task', ['cls', 'seg', 'det'])
@pytest.mark.parametrize(
    'options', [{}, dict(accumulative_counts=2), dict(clip_grad=dict(max_norm=1.0))]
)
def test_parts_train_like_the_whole(task, options, monkeypatch):
    states, losses = [], []
    torch.manual_seed(3)
    initial = toy.build(task).state_dict()
    separate = TaskPhase.loss_parts

    def joined(self, context):
        return [lambda: {k: v for part in separate(self, context) for k, v in part().items()}]

    for loss_parts in (separate, joined):
        monkeypatch.setattr(TaskPhase, 'loss_parts', loss_parts)
        model = toy.build(task)
        model.load_state_dict(initial)
        sgd = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.01))
        wrappers = toy.optim_wrapper(model, sr=sgd, task=sgd, **options)
        wrappers.initialize_count_status(model, 0, 3)
        torch.manual_seed(5)
        model.train()
        losses.append(
            [model.train_step(toy.batch(task, seed=i), wrappers)['loss'] for i in range(3)]
        )
        states.append(model.state_dict())
    assert torch.allclose(torch.stack(losses[0]), torch.stack(losses[1]), rtol=1e-5)
    for name, value in states[0].items():
        assert torch.allclose(value.float(), states[1][name].float(), atol=1e-5), name


def test_one_graph_at_a_time(monkeypatch):
    """The second kind is passed after the first one's gradients are there."""
    model = toy.build('cls').train()
    wrappers = toy.optim_wrapper(model)
    events = []
    loss, backward = model.adapter.loss, wrappers.backward
    model.adapter.loss = lambda *args: events.append('forward') or loss(*args)
    wrappers.backward = lambda *args: events.append('backward') or backward(*args)
    model.train_step(toy.batch('cls'), wrappers)
    assert events == ['backward', *['forward', 'backward'] * 3]


def test_a_phase_is_one_part_by_default():
    assert len(Phase.loss_parts(toy.build('cls').phases[0], None)) == 1
