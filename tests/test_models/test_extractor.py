"""TDP features of a network that no phase trains, in the task network's place (the ablations of the extractor)."""

import pytest
import torch
from mmengine.config import Config, ConfigDict
from torchvision.models import vgg19

from sr4ir_mm.models.settings import check_lender
from sr4ir_mm.models.task_nets import TorchvisionVGG
from sr4ir_mm.testing.samples import make_batch
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.modules import eval_mode
from tests import toy

VGG = dict(
    _scope_='mmpretrain',
    type='ImageClassifier',
    backbone=dict(type='sr4ir_mm.TorchvisionVGG', depth=16, out_indices=(2,)),
)


def tdp_of(model):
    """The TDP loss of a batch, and the parameters that it reaches."""
    batch = make_batch(model.task_net, [(toy.SIDE, toy.SIDE)] * 2)
    context = model.phase_context(model.data_preprocessor(batch, True)['inputs'])
    loss = model.phases[0].compute_losses(context)['loss_tdp']
    loss.backward()
    reached = {name for name, p in model.named_parameters() if p.grad is not None}
    return loss.item(), {name.partition('.')[0] for name in reached}, context


@pytest.mark.parametrize('task', toy.TASK_NETS)
def test_features_are_those_of_the_extractor(task):
    model = toy.build(task, extractor='task_net').train()

    loss, reached, context = tdp_of(model)
    images, layers = context.images, model.default_layers
    with torch.no_grad(), eval_mode(model.extractor):
        expected = sum(
            (sr - hr).abs().mean() / len(layers)
            for sr, hr in zip(
                model.adapter.features(
                    model.extractor, images.super_resolve(), images.batch, layers
                ),
                model.adapter.features(model.extractor, images.hr_rgb01, images.batch, layers),
                strict=True,
            )
        )
    del model.extractor

    assert loss == pytest.approx(float(expected), rel=1e-5)
    assert loss != pytest.approx(tdp_of(model)[0], rel=1e-2)
    assert 'sr_net' in reached
    assert 'extractor' not in reached


def test_no_training_reaches_it_and_it_stays_in_eval_mode():
    model = toy.build('cls', extractor='task_net').train()

    assert model.idle_nets() == ['extractor']
    assert not any(p.requires_grad for p in model.extractor.parameters())
    assert not any(module.training for module in model.extractor.modules())
    assert model.task_net.training


def test_its_weights_come_from_init_from(tmp_path):
    source = toy.build('cls')
    torch.save(dict(state_dict=source.state_dict()), tmp_path / 'h2t.pth')

    model = toy.build('cls', extractor='task_net', init_from=dict(extractor=tmp_path / 'h2t.pth'))

    for name, value in model.extractor.state_dict().items():
        assert torch.equal(value, source.task_net.state_dict()[name]), name


@pytest.mark.parametrize('task', toy.TASK_NETS)
def test_a_network_of_another_kind_takes_the_task_networks_images(task):
    phases = [dict(toy.SR_PHASE, tdp=dict(layers=['backbone.-1'])), toy.TASK_PHASE]
    model = toy.build(task, extractor=VGG, phases=phases).train()

    loss, reached, _ = tdp_of(model)

    assert loss > 0
    assert reached == {'sr_net'}


def test_the_task_network_starts_from_its_own_name_where_an_extractor_is_like_it(tmp_path):
    source = toy.build('cls', extractor='task_net')
    with torch.no_grad():
        for parameter in source.task_net.parameters():
            parameter.fill_(1)
        for parameter in source.extractor.parameters():
            parameter.fill_(2)
    torch.save(dict(state_dict=source.state_dict()), tmp_path / 'run.pth')
    init_from = dict.fromkeys(('task_net', 'extractor'), str(tmp_path / 'run.pth'))

    model = toy.build('cls', extractor='task_net', init_from=init_from)

    assert all((parameter == 1).all() for parameter in model.task_net.parameters())
    assert all((parameter == 2).all() for parameter in model.extractor.parameters())


@pytest.mark.parametrize('way', ['features', 'losses'])
def test_one_that_is_normalised_otherwise_sees_its_own_inputs(way):
    cfg = toy.classifier()
    cfg['data_preprocessor'].update(mean=[0, 0, 0], std=[1, 1, 1], to_rgb=False)
    model = toy.build('cls', task_net=ConfigDict(cfg), extractor=ConfigDict(toy.classifier()))
    seen = []
    model.extractor.backbone.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    batch = model.data_preprocessor(toy.batch('cls'), False)['inputs']

    if way == 'features':
        model.phase_context(batch).extracted(['backbone.-1'])
    else:
        model.adapter.loss(model.extractor, batch.hr_rgb01, batch)

    own = model.extractor.data_preprocessor(toy.batch('cls'), False)['inputs']
    torch.testing.assert_close(seen[0], own, atol=1e-4, rtol=1e-4)
    assert not any('space' in name for name in model.state_dict())


def test_an_unknown_word_is_refused():
    with pytest.raises(UserError, match="model.extractor='vgg' is no network"):
        toy.build('cls', extractor='vgg')


def lending(extractor, **kwargs):
    return Config(dict(model=dict(phases=[toy.SR_PHASE], extractor=extractor, **kwargs)))


@pytest.mark.parametrize('extractor', ['task_net', VGG])
def test_a_random_one_is_refused(extractor):
    with pytest.raises(UserError, match='set model.init_from.extractor to its weights'):
        check_lender(lending(extractor))


def test_one_with_weights_is_not():
    pretrained = dict(type='Pretrained', checkpoint='vgg.pth')
    check_lender(lending('task_net', init_from=dict(extractor='h2t.pth')))
    check_lender(lending(dict(VGG, backbone=dict(VGG['backbone'], init_cfg=pretrained))))


def test_vgg_takes_torchvisions_weights_and_leaves_its_outputs_alone():
    torch.manual_seed(0)
    source = vgg19(weights=None).eval()
    net = TorchvisionVGG(depth=19, out_indices=(2, 34)).eval()
    missing, _ = net.load_state_dict(source.state_dict(), strict=False)
    image = torch.randn(1, 3, 32, 32)

    with torch.no_grad():
        early, late = net(image)
        expected = image
        for layer in source.features[:35]:
            expected = layer(expected)

    assert missing == []
    assert torch.equal(late, expected)
    assert late.shape == (1, 512, 2, 2)
    assert (early < 0).any()  # before the ReLU that torchvision runs in place
