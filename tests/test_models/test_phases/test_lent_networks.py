"""What a phase borrows comes back as it was, and the backward pass sees it as the forward pass did."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.config import ConfigDict
from torch.nn.modules.batchnorm import _BatchNorm

from sr4ir_mm.engine.hooks import ActivationCheckpointHook
from sr4ir_mm.models.phases.tdp import tdp_loss
from sr4ir_mm.structures import Progress
from tests import toy

SGD = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=1.0))
#: As on a GPU: the whole batch at once.
TDP = dict(type='sr4ir_mm.SRPhase', tdp=dict(in_parts=False), in_parts=False)
LOSSES = {'tdp': TDP, 'tdp in parts': dict(TDP, tdp=dict()), 'task': dict(TDP, tdp=None, task=1.0)}


def built(task, phase, with_cp=False):
    """A model whose task network's statistics are not those of any batch."""
    cfg = toy.TASK_NETS[task]()
    cfg['backbone']['with_cp'] = with_cp
    torch.manual_seed(0)
    model = toy.build(task, task_net=ConfigDict(cfg), phases=[phase, toy.TASK_PHASE])
    for module in model.task_net.modules():
        if isinstance(module, _BatchNorm):
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 3)
    return model.train()


def sr_step(model, task):
    """Gradient of the SR network in the SR phase, and which tensors of the task network the phase changed."""
    wrapper = toy.optim_wrapper(model, sr=SGD)
    before = toy.snapshot(model)
    batch = model.data_preprocessor(toy.batch(task), True)['inputs']
    model._run_phase(model.phases[0], model.phase_context(batch), wrapper)
    state = model.state_dict()
    gradient = [before[k] - v for k, v in state.items() if k.startswith('sr_net')]
    return gradient, [name for name in toy.changed(before, model) if name.startswith('task_net')]


@pytest.mark.parametrize('loss', LOSSES)
@pytest.mark.parametrize('task', ['seg', 'cls'])
def test_checkpointed_blocks_of_a_task_network_give_the_same_gradient(task, loss):
    plain, _ = sr_step(built(task, LOSSES[loss]), task)
    model = built(task, LOSSES[loss], with_cp=True)

    checkpointed, changed = sr_step(model, task)

    torch.testing.assert_close(checkpointed, plain)
    assert not changed
    assert all(block.with_cp for block in model.task_net.backbone.layer2)


def test_blocks_that_the_hook_recomputes_stay_in_the_mode_of_their_forward_pass():
    plain, _ = sr_step(built('cls', TDP), 'cls')
    model = built('cls', TDP)
    hook = ActivationCheckpointHook(['task_net.backbone.layer3'])
    hook.before_train(SimpleNamespace(model=model))

    recomputed, changed = sr_step(model, 'cls')

    torch.testing.assert_close(recomputed, plain)
    assert not changed


@pytest.mark.parametrize(
    ('images', 'passes'), [(dict(sr=1.0, hr=0.0), 1), (dict(sr=0.5, hr=0.5, cqmix=0.0), 2)]
)
@pytest.mark.parametrize('phase', ['TaskPhase', 'JointPhase'])
def test_images_of_no_weight_are_not_shown(phase, images, passes):
    losses = dict(pixel=dict()) if phase == 'JointPhase' else {}
    model = toy.build('cls', phases=[dict(type=f'sr4ir_mm.{phase}', images=images, **losses)])

    model.train().train_step(toy.batch('cls'), toy.optim_wrapper(model))

    assert model.task_net.backbone.bn1.num_batches_tracked == passes


class NoisySR(toy.ToySR):
    """Noise in train mode."""

    def forward(self, lr_rgb01):
        noise = torch.rand(1) if self.training else 0
        return super().forward(lr_rgb01) + noise


@pytest.mark.parametrize(
    ('iteration', 'still'), [(0, True), (19, True), (20, False), (59, False), (60, True)]
)
def test_an_sr_network_that_rests_makes_images_as_a_finished_one(iteration, still):
    phase = dict(type='sr4ir_mm.SRPhase', pixel=dict(), begin=0.2, end=0.6)
    model = toy.build('cls', sr_net=NoisySR(), phases=[phase, toy.TASK_PHASE]).train()
    batch = model.data_preprocessor(toy.batch('cls'), True)['inputs']
    context = model.phase_context(batch, Progress(iteration, 100))

    model.phases[0].compute_losses(context)
    images = []
    for _ in range(2):
        context.images.refresh_sr()
        images.append(context.images.sr_rgb01)

    assert torch.equal(*images) == still
    assert model.sr_net.training


def test_the_joint_tdp_gradient_is_that_of_its_loss():
    """A pass in train mode after it would change the statistics that its backward pass reads."""
    phase = dict(type='sr4ir_mm.JointPhase', images=dict(sr=1.0), pixel=dict(), tdp=dict())
    model = toy.build('cls', phases=[phase]).train()
    context = model.phase_context(model.data_preprocessor(toy.batch('cls'), True)['inputs'])
    found = model.phases[0].compute_losses(context)['loss_tdp']
    parameters = [p for p in model.parameters() if p.requires_grad]
    gradients = torch.autograd.grad(found, parameters, retain_graph=True, allow_unused=True)
    wanted = tdp_loss(model.phases[0].losses.tdp, context, context.images.get('sr'))
    for one, other in zip(
        gradients, torch.autograd.grad(wanted, parameters, allow_unused=True), strict=True
    ):
        assert one is other or torch.allclose(one, other, rtol=1e-4, atol=1e-7)
