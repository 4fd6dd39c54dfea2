"""The shared decoder: two output layers, two steps, and one path at run time."""

import pytest
import torch
import torch.nn.functional as F
from mmengine.model import MMDistributedDataParallel
from torch import distributed

from sr4ir_mm.models import ImageDiscriminator, PerceptualLoss, SegmentationLoss
from sr4ir_mm.models.checkpoint import load_child_weights
from sr4ir_mm.models.losses import perceptual
from sr4ir_mm.models.settings import check_lender
from sr4ir_mm.models.sr_nets import SharedDecoderNet
from sr4ir_mm.structures import Progress
from sr4ir_mm.utils.errors import UserError
from tests import toy

NET = dict(
    type='sr4ir_mm.SharedDecoderNet', scale=toy.SCALE, num_classes=toy.CLASSES, mid_channels=8
)
SHARED = dict(
    sr_net=dict(NET, num_blocks=2),
    discriminator=dict(type='sr4ir_mm.ImageDiscriminator', mid_channels=4),
    phases=[
        dict(
            type='sr4ir_mm.SRPhase',
            pixel=dict(weight=1.0),
            segmentation=dict(weight=0.1),
            perceptual=dict(weight=0.006, begin=0.3, layer='conv2_2', pretrained='random'),
            adversarial=dict(weight=0.001, begin=0.3),
        ),
        dict(type='sr4ir_mm.DiscriminatorPhase', begin=0.3),
    ],
    test_cfg=dict(image='sr', predict_task=False),
)
STEP_1, STEP_2 = Progress(0, 10), Progress(5, 10)


def build(**kwargs):
    torch.manual_seed(0)
    return toy.build('seg', **{**SHARED, **kwargs}).train()


def context_of(model, progress=STEP_2, sizes=((64, 64), (64, 64))):
    batch = model.data_preprocessor(toy.batch('seg', sizes), True)['inputs']
    return model.phase_context(batch, progress)


# ------------------------------------------------------------------------------------------- network


@pytest.mark.parametrize('scale', [2, 4, 8])
def test_both_layers_share_one_trunk(scale):
    net = SharedDecoderNet(scale, num_classes=5, mid_channels=8, num_blocks=2)
    sr_rgb01, logits = net(torch.rand(2, 3, 6, 7), segment=True)
    assert sr_rgb01.shape == (2, 3, 6 * scale, 7 * scale)
    assert logits.shape == (2, 5, 6, 7)
    for output in (sr_rgb01, logits):
        net.zero_grad()
        output.sum().backward(retain_graph=True)
        assert all(p.grad.abs().sum() > 0 for p in net.body.parameters() if p.dim() == 4)


def test_the_sr_path_needs_no_segmentation_parameters_to_load_or_to_run(tmp_path):
    trained = build().sr_net
    torch.save(dict(state_dict=trained.state_dict()), tmp_path / 'trained.pth')
    alone = SharedDecoderNet(toy.SCALE, mid_channels=8, num_blocks=2)
    assert not any(name.startswith('seg_layer') for name in alone.state_dict())

    load_child_weights(alone, tmp_path / 'trained.pth', 'sr_net')

    lr_rgb01 = torch.rand(1, 3, 9, 8)
    trained.seg_layer.register_forward_hook(lambda *args: pytest.fail('it was run'))
    assert torch.equal(alone(lr_rgb01), trained(lr_rgb01))
    assert len(alone.state_dict()) == len(trained.state_dict()) - 2


def test_a_whole_model_loads_and_evaluates_without_them():
    trained = build().eval()
    alone = build(sr_net=dict(SHARED['sr_net'], num_classes=None)).eval()

    missing, unexpected = alone.load_state_dict(trained.state_dict(), strict=False)

    assert missing == []
    assert sorted(unexpected) == ['sr_net.seg_layer.bias', 'sr_net.seg_layer.weight']
    batch = toy.batch('seg', ((64, 64),))
    with torch.no_grad():
        images = [model.val_step(batch)[0].sr_rgb01 for model in (trained, alone)]
    assert torch.equal(*images)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(scale=3), 'powers of 2'),
        (dict(scale=0), 'powers of 2'),
        (dict(scale=4, num_classes=1), 'num_classes=1 is out of place'),
    ],
)
def test_sizes_that_it_cannot_have_are_told(options, message):
    with pytest.raises(UserError, match=message):
        SharedDecoderNet(**options)


# -------------------------------------------------------------------------------------------- losses


def test_segmentation_is_cross_entropy_over_labelled_pixels():
    logits = torch.randn(2, 3, 4, 5, requires_grad=True)
    labels = torch.randint(0, 3, (2, 14, 19))  # of images padded to 16 x 20
    labels[:, :8] = 255
    loss = SegmentationLoss(weight=0.5)(logits, labels, scale=4)
    enlarged = F.interpolate(logits, size=(16, 20), mode='bilinear')[..., :14, :19]
    expected = 0.5 * F.cross_entropy(enlarged, labels, ignore_index=255)
    assert torch.allclose(loss, expected)
    loss.backward()
    assert logits.grad[:, :, 0].abs().sum() == 0
    nothing = SegmentationLoss()(logits, torch.full_like(labels, 255), scale=4)
    assert nothing == 0


def test_perceptual_loss_compares_vgg_features_and_is_in_no_checkpoint():
    loss = PerceptualLoss(weight=0.5, layer='conv1_2', pretrained='random')
    vgg = perceptual.load_vgg19('conv1_2', 'random')
    sr_rgb01, hr_rgb01 = torch.rand(2, 3, 16, 16, requires_grad=True), torch.rand(2, 3, 16, 16)
    value = loss(sr_rgb01, hr_rgb01)
    pair = [vgg((image - loss.mean) / loss.std) for image in (sr_rgb01, hr_rgb01)]
    assert len(vgg) == 3
    assert torch.allclose(value, 0.5 * F.mse_loss(*pair))
    value.backward()
    assert sr_rgb01.grad.abs().sum() > 0
    assert not any(p.requires_grad for p in vgg.parameters())
    assert list(loss.state_dict()) == list(loss.parameters()) == []


def test_its_layers_are_torchvisions():
    names = perceptual._layer_names()
    assert names.index('conv5_4') == 34
    assert len(names) == len(perceptual.vgg.make_layers(perceptual.vgg.cfgs['E']))


def test_perceptual_weights_are_torchvisions_file(tmp_path):
    torch.manual_seed(1)
    features = perceptual.vgg.make_layers(perceptual.vgg.cfgs['A'])[:1]
    state = {f'features.{name}': value for name, value in features.state_dict().items()}
    torch.save(state, tmp_path / 'vgg19.pth')
    loaded = perceptual.load_vgg19('conv1_1', str(tmp_path / 'vgg19.pth'))
    assert torch.equal(loaded[0].weight, features[0].weight)
    with pytest.raises(UserError, match=r'finds no VGG19 in .*vgg19\.pth \(KeyError'):
        PerceptualLoss(layer='conv1_2', pretrained=str(tmp_path / 'vgg19.pth'))


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(pretrained=None), "give torchvision's vgg19-dcbb9e9d.pth, or 'random'"),
        (dict(pretrained='no/vgg.pth'), r'finds no VGG19 in no/vgg.pth \(FileNotFoundError'),
        (dict(pretrained='random', layer='conv5_5'), 'conv5_3, conv5_4'),
        (dict(pretrained='random', criterion='l3'), "Distance 'l3' is unknown"),
    ],
)
def test_what_the_perceptual_loss_cannot_do_is_told(options, message):
    with pytest.raises(UserError, match=message):
        PerceptualLoss(**options)


def test_random_vgg_is_the_same_in_every_process_and_leaves_random_numbers_alone():
    perceptual.load_vgg19.cache_clear()
    torch.manual_seed(3)
    first = perceptual.load_vgg19('conv1_1', 'random')[0].weight.clone()
    drawn = torch.rand(3)
    perceptual.load_vgg19.cache_clear()
    torch.manual_seed(3)
    assert torch.equal(torch.rand(3), drawn)
    assert torch.equal(perceptual.load_vgg19('conv1_1', 'random')[0].weight, first)


def test_discriminator_takes_images_of_any_size():
    net = ImageDiscriminator(mid_channels=4)
    assert net(torch.rand(2, 3, 17, 40)).shape == (2,)
    with pytest.raises(UserError, match='mid_channels=0'):
        ImageDiscriminator(mid_channels=0)


# -------------------------------------------------------------------------------------------- phases


def test_two_steps():
    model = build()
    sr_phase, discriminator_phase = model.phases
    first = context_of(model, STEP_1)
    assert set(sr_phase.compute_losses(first)) == {'loss_pixel', 'loss_segmentation'}
    assert discriminator_phase.compute_losses(first) == {}
    second = context_of(model, STEP_2)
    assert set(sr_phase.compute_losses(second)) == {
        'loss_pixel',
        'loss_segmentation',
        'loss_perceptual',
        'loss_adversarial',
    }
    assert set(discriminator_phase.compute_losses(second)) == {'loss_real', 'loss_fake'}
    assert model.loss_starts() == [0.3]


def test_losses_by_hand():
    model = build()
    context = context_of(model)
    batch = context.images.batch
    losses = model.phases[0].compute_losses(context)
    sr_rgb01, logits = model.sr_net(batch.lr_rgb01, segment=True)
    labels = torch.cat([sample.gt_sem_seg.data for sample in batch.samples])
    enlarged = F.interpolate(logits, scale_factor=toy.SCALE, mode='bilinear')
    assert torch.allclose(losses['loss_pixel'], (sr_rgb01 - batch.hr_rgb01).abs().mean())
    assert torch.allclose(
        losses['loss_segmentation'], 0.1 * F.cross_entropy(enlarged, labels, ignore_index=255)
    )
    real, fake = model.discriminator(batch.hr_rgb01), model.discriminator(sr_rgb01)
    assert torch.allclose(losses['loss_adversarial'], 0.001 * F.softplus(-fake).mean())
    losses = model.phases[1].compute_losses(context)
    assert torch.allclose(losses['loss_real'], F.softplus(-real).mean())
    assert torch.allclose(losses['loss_fake'], F.softplus(fake).mean())
    assert losses['loss_fake'].requires_grad


def test_a_step_trains_both_networks_and_lets_the_segmentor_alone(monkeypatch):
    model = build()
    wrappers = toy.optim_wrapper(model)
    assert set(wrappers.keys()) == {'sr_net', 'discriminator'}
    before = toy.snapshot(model)
    calls = []
    model.sr_net.register_forward_hook(lambda *args: calls.append(1))
    for progress, moved in (
        (STEP_1, {'sr_net'}),
        (STEP_2, {'sr_net', 'discriminator'}),
    ):
        monkeypatch.setattr(Progress, 'of_run', classmethod(lambda cls, now=progress: now))
        logs = model.train_step(toy.batch('seg'), wrappers)
        assert {name.split('.')[0] for name in toy.changed(before, model)} == moved
    assert len(calls) == 2  # one pass of the SR network an iteration
    assert set(logs) == {
        'sr_net/loss_pixel',
        'sr_net/loss_segmentation',
        'sr_net/loss_perceptual',
        'sr_net/loss_adversarial',
        'discriminator/loss_real',
        'discriminator/loss_fake',
        'loss',
    }


def test_distributed_wrappers_see_every_parameter_in_both_steps(monkeypatch, tmp_path):
    """A parameter that an iteration leaves out would fail the next one."""
    model = build()
    wrappers = toy.optim_wrapper(model)
    distributed.init_process_group(
        'gloo', init_method=f'file://{tmp_path}/store', rank=0, world_size=1
    )
    try:
        for name in ('sr_net', 'discriminator'):
            setattr(model, name, MMDistributedDataParallel(getattr(model, name)))
        for progress in (STEP_1, STEP_1, STEP_2, STEP_2):
            monkeypatch.setattr(Progress, 'of_run', classmethod(lambda cls, now=progress: now))
            logs = model.train_step(toy.batch('seg'), wrappers)
    finally:
        distributed.destroy_process_group()
    assert 'discriminator/loss_fake' in logs


def test_the_segmentor_that_lends_its_preprocessing_needs_no_weights():
    cfg = dict(model={**SHARED, 'task_net': dict(type='X')})
    check_lender(cfg)


def test_images_that_the_scale_does_not_divide_are_cropped_to_their_labels():
    model = build()
    losses = model.phases[0].compute_losses(context_of(model, sizes=((62, 61), (62, 61))))
    assert torch.isfinite(losses['loss_segmentation'])


# ----------------------------------------------------------------------------------------- bad input

SR_PHASE, DISCRIMINATOR_PHASE = SHARED['phases']


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(discriminator=None), 'SRPhase has a real/fake loss but discriminator is None'),
        (
            dict(discriminator=None, phases=[DISCRIMINATOR_PHASE]),
            'DiscriminatorPhase has a real/fake loss but discriminator is None',
        ),
        (dict(phases=[SR_PHASE]), 'no phase trains it; add an AdversarialTaskPhase or a Discrim'),
        (
            dict(discriminator=dict(type='sr4ir_mm.RealFakeBranch')),
            'DiscriminatorPhase shows images to the discriminator, but RealFakeBranch takes features',
        ),
        (
            dict(phases=[dict(type='sr4ir_mm.AdversarialTaskPhase', images=dict(sr=1.0, hr=1.0))]),
            'AdversarialTaskPhase shows features to the discriminator, but ImageDiscriminator takes',
        ),
        (
            dict(sr_net=dict(type='sr4ir_mm.ToySR')),
            'SRPhase has a segmentation loss, but ToySR has no segmentation layer',
        ),
        (
            dict(phases=[dict(SR_PHASE, segmentation=dict(begin=0.1)), DISCRIMINATOR_PHASE]),
            'segmentation has begin above 0',
        ),
        (
            dict(sr_net=None, phases=[DISCRIMINATOR_PHASE], test_cfg=None),
            'A phase uses SR images but sr_net is None',
        ),
    ],
)
def test_contradictory_settings_are_told_in_one_sentence(options, message):
    with pytest.raises(UserError, match=message):
        build(**options)


def test_no_classes_or_no_label_maps_are_told():
    model = build(sr_net=dict(SHARED['sr_net'], num_classes=None))
    with pytest.raises(UserError, match='set model.sr_net.num_classes'):
        model.phases[0].compute_losses(context_of(model))
    torch.manual_seed(0)
    model = toy.build('cls', **SHARED).train()
    batch = model.data_preprocessor(toy.batch('cls'), True)['inputs']
    with pytest.raises(UserError, match='needs label maps'):
        model.phases[0].compute_losses(model.phase_context(batch))
