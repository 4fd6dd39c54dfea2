"""Where the weights are in a checkpoint."""

import pytest
import torch

from sr4ir_mm.models.checkpoint import load_child_weights
from sr4ir_mm.utils.converters.checkpoint import read_state
from sr4ir_mm.utils.weights import CONTAINERS, find_state_dict


@pytest.mark.parametrize('containers', [[c] for c in CONTAINERS] + [list(CONTAINERS)[::-1]])
def test_every_reader_takes_the_same_entry(tmp_path, containers):
    """A file that holds several kinds of weights is read alike by the converters and by ``init_from``."""
    value = {name: float(number) for number, name in enumerate(CONTAINERS, 1)}
    checkpoint = {name: {'weight': torch.full((1, 1), value[name])} for name in containers}
    torch.save(checkpoint, tmp_path / 'a.pth')
    net = torch.nn.Linear(1, 1, bias=False)

    load_child_weights(net, tmp_path / 'a.pth', 'sr_net')

    first = min(containers, key=CONTAINERS.index)
    assert net.weight.item() == value[first]
    assert read_state(tmp_path / 'a.pth')['weight'].item() == value[first]


def test_a_bare_state_dict_is_one():
    state = {'w': torch.ones(1), 'note': 'x'}
    assert list(find_state_dict(state)) == ['w']
    assert find_state_dict(state, ('ema',), whole=False) == {}
    assert find_state_dict(torch.ones(1)) == {}
