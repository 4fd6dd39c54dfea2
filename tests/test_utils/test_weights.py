"""Where the weights are in a checkpoint."""

import logging

import pytest
import torch
from mmengine.runner import load_checkpoint
from mmpretrain.models.backbones import vision_transformer
from torch import nn

from sr4ir_mm.models import checkpoint
from sr4ir_mm.models.adapters import build_task_net
from sr4ir_mm.models.checkpoint import load_child_weights
from sr4ir_mm.utils.converters.checkpoint import read_state
from sr4ir_mm.utils.weights import CONTAINERS, find_state_dict


@pytest.mark.parametrize('containers', [[c] for c in CONTAINERS] + [list(CONTAINERS)[::-1]])
def test_every_reader_takes_the_same_entry(tmp_path, containers):
    """A file that holds several kinds of weights is read alike by the converters and by ``init_from``."""
    value = {name: float(number) for number, name in enumerate(CONTAINERS, 1)}
    held = {name: {'weight': torch.full((1, 1), value[name])} for name in containers}
    torch.save(held, tmp_path / 'a.pth')
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


def vit(side):
    return dict(
        _scope_='mmpretrain',
        type='ImageClassifier',
        data_preprocessor=dict(type='ClsDataPreprocessor', num_classes=3),
        backbone=dict(
            type='VisionTransformer',
            arch=dict(embed_dims=32, num_layers=1, num_heads=2, feedforward_channels=32),
            img_size=side,
            patch_size=8,
        ),
        head=dict(type='VisionTransformerClsHead', num_classes=3, in_channels=32),
    )


def saved(net, path):
    state = {key: torch.randn_like(value.float()) for key, value in net.state_dict().items()}
    torch.save(dict(meta={}, state_dict=state), path)
    return path


def test_what_a_library_makes_fit_is_loaded_as_by_its_own_loader(tmp_path):
    """Position embeddings of another image size."""
    path = saved(build_task_net(vit(32)), tmp_path / 'small.pth')
    ours, theirs = build_task_net(vit(64)), build_task_net(vit(64))
    load_child_weights(ours, path, 'task_net')
    load_checkpoint(theirs, str(path), 'cpu', logger='silent')
    for name, value in theirs.state_dict().items():
        assert torch.equal(ours.state_dict()[name], value), name


def test_a_translation_that_fails_leaves_what_fits(tmp_path, monkeypatch):
    path = saved(build_task_net(vit(32)), tmp_path / 'small.pth')

    def fail(*args):
        raise NotImplementedError('interp2d has been removed')

    net = build_task_net(vit(64))
    monkeypatch.setattr(vision_transformer, 'resize_pos_embed', fail)
    told = []
    monkeypatch.setattr(checkpoint, 'print_log', lambda text, **kwargs: told.append((text, kwargs)))
    load_child_weights(net, path, 'task_net')
    assert 'interp2d has been removed' in told[0][0]
    assert 'backbone.pos_embed' in told[1][0]
    assert [kwargs['level'] for _, kwargs in told] == [logging.WARNING, logging.WARNING]
    state = torch.load(path, weights_only=True)['state_dict']
    assert torch.equal(net.state_dict()['backbone.cls_token'], state['backbone.cls_token'])


def test_a_gans_average_is_taken_before_its_last_weights(tmp_path):
    net = nn.Linear(2, 2)
    held = {'generator.': 1.0, 'generator_ema.': 2.0, 'discriminator.': 3.0}
    state = {
        p + k: torch.full_like(v, c) for p, c in held.items() for k, v in net.state_dict().items()
    }
    torch.save(dict(state_dict=state), tmp_path / 'gan.pth')
    load_child_weights(net, tmp_path / 'gan.pth', 'sr_net')
    assert net.weight[0, 0] == 2.0
