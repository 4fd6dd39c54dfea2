"""Recomputed blocks give the same gradients and keep fewer activations."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.registry import init_default_scope

from sr4ir_mm.engine.hooks import ActivationCheckpointHook
from sr4ir_mm.utils.errors import UserError
from tests import toy

NETS = {
    'sr_net.body': dict(
        type='mmagic.EDSRNet',
        in_channels=3,
        out_channels=3,
        mid_channels=8,
        num_blocks=12,
        upscale_factor=4,
    ),
    'sr_net.layers': dict(
        type='mmagic.SwinIRNet',
        upscale=4,
        in_chans=3,
        img_size=8,
        window_size=8,
        depths=[1, 1],
        embed_dim=12,
        num_heads=[2, 2],
        mlp_ratio=2,
        drop_path_rate=0.0,
        upsampler='pixelshuffledirect',
    ),
}


def step(model):
    """Gradients of one image and the number of elements kept for the backward pass."""
    kept = []
    model.train()
    with torch.autograd.graph.saved_tensors_hooks(
        lambda x: kept.append(x.numel()) or x, lambda x: x
    ):
        loss = model.super_resolve(torch.linspace(0, 1, 3 * 256).view(1, 3, 16, 16)).square().mean()
    model.zero_grad()
    loss.backward()
    return [p.grad.clone() for p in model.sr_net.parameters() if p.grad is not None], sum(kept)


@pytest.mark.parametrize('blocks', NETS)
def test_same_gradients_from_fewer_activations(blocks):
    init_default_scope('sr4ir_mm')
    model = toy.build('cls', sr_net=NETS[blocks])
    gradients, kept = step(model)
    hook = ActivationCheckpointHook([blocks])
    for _ in range(2):
        hook.before_train(SimpleNamespace(model=model))
    again, fewer = step(model)
    assert len(gradients) == len(again)
    for one, other in zip(gradients, again, strict=True):
        torch.testing.assert_close(one, other)
    assert fewer < 0.8 * kept
    assert toy.snapshot(model).keys() == toy.snapshot(toy.build('cls', sr_net=NETS[blocks])).keys()


def test_a_wrong_name_is_told():
    with pytest.raises(UserError, match='names no list of blocks'):
        ActivationCheckpointHook(['sr_net.blocks']).before_train(
            SimpleNamespace(model=toy.build('cls'))
        )


def test_a_block_may_make_parts_of_itself_in_its_first_pass():
    class Lazy(torch.nn.Module):
        def forward(self, x):
            if not hasattr(self, 'part'):
                self.part = torch.nn.Linear(2, 2)
            return self.part(x)

    model = torch.nn.Module()
    model.blocks = torch.nn.ModuleList([Lazy()])
    ActivationCheckpointHook(['blocks']).before_train(SimpleNamespace(model=model))
    inputs = torch.ones(1, 2, requires_grad=True)
    model.blocks[0](inputs).sum().backward()

    assert inputs.grad is not None
