"""Construction, weights and checks of the wrapper model."""

import pytest
import torch
from mmengine.config import ConfigDict

from sr4ir_mm.utils.errors import UserError
from tests import toy


@pytest.mark.parametrize(
    ('kwargs', 'message'),
    [
        (dict(scale=2), 'scale=2 of the model and its degradation needs'),
        (dict(degradation=dict(scale=2)), 'The degradation has scale 2, the model 4'),
        (dict(sr_net=None), 'sr_net is None'),
        (dict(test_cfg=dict(image='cqmix')), 'cannot be shown'),
        (dict(test_cfg=dict(img='hr')), r"unknown keys \['img'\]"),
        (dict(init_from=dict(detector='x.pth')), r"init_from names \['detector'\]"),
        (
            dict(phases=[dict(toy.TASK_PHASE, images=dict(lr=1.0))]),
            'choose among hr, up, sr, cqmix',
        ),
        (dict(phases=[dict(toy.SR_PHASE, tdp=dict(begin=2))]), 'begin of the tdp loss=2'),
        (
            dict(phases=[dict(toy.TASK_PHASE, images=dict(sr=1, hr=2), concat=True)]),
            'equal weights',
        ),
        (dict(adapter=dict(resize=dict(short=8))), 'expected dict'),
        (dict(adapter=dict(channel_order='BGR')), "channel_order='BGR' of the adapter"),
        (dict(init_from='epoch_1.pth'), "model.init_from is 'epoch_1.pth'; expected a dict"),
        (dict(data_preprocessor=dict(boarder='reflect', min_lr_size=8)), r"keys \['boarder'\]"),
        (dict(phases=[dict(toy.SR_PHASE, pixel=1.0)]), 'the pixel loss is 1.0; expected a dict'),
        (dict(phases=[dict(toy.SR_PHASE, task=dict(wait=1))]), r"unknown options \['wait'\]"),
        (dict(phases=[dict(toy.TASK_PHASE, images=['sr'])]), 'images of a phase is'),
        (dict(phases=[dict(toy.TASK_PHASE, distill=True)]), 'the distill loss is True'),
        (dict(phases=[dict(toy.SR_PHASE, tdp=dict(in_parts=4))]), 'TDPLoss in_parts=4'),
        (dict(phases=[dict(toy.SR_PHASE, tdp=dict(nets=['net']))]), r"features of \['net'\]"),
        (dict(phases=[dict(toy.SR_PHASE, tdp=dict(weights=[1, 2]))]), '2 weights for the 1 layers'),
    ],
)
def test_contradictory_settings_are_told_in_one_sentence(kwargs, message):
    task = 'det' if 'adapter' in kwargs else 'cls'
    with pytest.raises((UserError, ValueError), match=message) as caught:
        toy.build(task, **kwargs)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize(
    ('layer', 'message'),
    [
        ('backbone.9', 'has 1 output'),
        ('nothing', "'nothing' is not in ImageClassifier; choose backbone.N"),
        ('neck.x', 'is not in ImageClassifier'),
    ],
)
def test_a_wrong_tdp_layer_lists_valid_ones(layer, message):
    """As the model is built, not when a loss that begins late asks for it."""
    sr_phase = dict(toy.SR_PHASE, tdp=dict(layers=[layer], begin=0.5))
    with pytest.raises(UserError, match=message):
        toy.build('cls', phases=[sr_phase, toy.TASK_PHASE])


def test_probing_layers_draws_no_random_number():
    state = []
    for layers in (None, ['backbone.0']):
        torch.manual_seed(0)
        toy.build('cls', phases=[dict(toy.SR_PHASE, tdp=dict(layers=layers)), toy.TASK_PHASE])
        state.append(torch.get_rng_state())
    assert torch.equal(*state)


@pytest.mark.parametrize(
    'layer', ['backbone.0', 'backbone.-1', 'neck.0', 'backbone.layer2', 'head.fc']
)
def test_any_module_can_lend_features(layer):
    model = toy.build('cls')
    batch = model.data_preprocessor(toy.batch('cls'), True)['inputs']
    (feature,) = model.adapter.features(model.task_net, batch.hr_rgb01, batch, [layer])
    assert feature.shape[0] == 2
    assert not any(m._forward_hooks for m in model.modules())


def test_detector_resize_scales_boxes_masks_and_results():
    adapter = dict(resize=dict(short=96, long=200, divisor=32))
    model = toy.build('det', adapter=adapter)
    batch = model.data_preprocessor(toy.batch('det', ((64, 80), (48, 64))), True)['inputs']
    inputs, samples = model.adapter.to_task_inputs(batch.hr_rgb01, batch)
    assert inputs.shape == (2, 3, 96, 128)
    assert [tuple(s.img_shape) for s in samples] == [(96, 120), (96, 128)]
    original = batch.samples[1].gt_instances.bboxes
    assert torch.allclose(samples[1].gt_instances.bboxes, original * 2)
    assert torch.equal(batch.samples[1].gt_instances.bboxes, original)
    model.eval()
    result = model.test_step(toy.batch('det', ((48, 64),)))[0]
    assert result.pred_instances.bboxes[:, 2].max() <= 64


@pytest.mark.parametrize(('rounded', 'size'), [(False, (799, 1066)), (True, (800, 1067))])
def test_detector_resize_cuts_off_as_torchvision_or_rounds_as_mmdet(rounded, size):
    resize = dict(short=800, long=1333, round=rounded)
    adapter = toy.build('det', adapter=dict(resize=resize)).adapter
    assert tuple(adapter._enlarge(torch.zeros(3, 375, 500)).shape[-2:]) == size


def test_weights_of_a_child_load_from_any_container(tmp_path):
    donor = toy.build('cls')
    state = donor.task_net.state_dict()
    containers = {
        'plain': state,
        'mmengine': dict(state_dict=state),
        'prefixed': dict(state_dict={f'task_net.{k}': v for k, v in state.items()}),
        'deep': dict(params={f'module.net.{k}': v for k, v in state.items()}),
    }
    for name, content in containers.items():
        path = tmp_path / f'{name}.pth'
        torch.save(content, path)
        model = toy.build('cls', init_from=dict(task_net=str(path)))
        assert not toy.changed(toy.snapshot(donor.task_net), model.task_net), name
        assert toy.changed(toy.snapshot(donor.sr_net), model.sr_net)


def test_a_head_for_other_classes_keeps_its_own_start(tmp_path):
    donor = toy.build('cls')
    state = donor.task_net.state_dict()
    state['head.fc.weight'] = torch.zeros(7, 64)
    torch.save(state, tmp_path / 'other.pth')
    model = toy.build('cls', init_from=dict(task_net=str(tmp_path / 'other.pth')))
    assert model.task_net.head.fc.weight.shape == (3, 64)
    assert torch.equal(model.task_net.backbone.conv1.weight, state['backbone.conv1.weight'])


def test_missing_and_foreign_weights_are_told(tmp_path):
    with pytest.raises(UserError, match=r'Weights for sr_net are missing: .*no\.pth'):
        toy.build('cls', init_from=dict(sr_net=str(tmp_path / 'no.pth')))
    torch.save(dict(a=torch.zeros(1)), tmp_path / 'foreign.pth')
    with pytest.raises(UserError, match='fits sr_net'):
        toy.build('cls', init_from=dict(sr_net=str(tmp_path / 'foreign.pth')))


def test_forward_modes():
    model = toy.build('cls').eval()
    assert model(torch.rand(1, 3, 8, 8)).shape == (1, 3, 32, 32)
    batch = model.data_preprocessor(toy.batch('cls'), True)['inputs']
    losses = model(batch, mode='loss')
    assert {'sr_net/loss_pixel', 'sr_net/loss_tdp', 'task_net/cqmix.loss'} <= set(losses)
    with pytest.raises(ValueError, match="mode='x' is unknown"):
        model(batch, mode='x')


def test_images_alone_can_be_evaluated():
    model = toy.build('det', test_cfg=dict(predict_task=False)).eval()
    sample = model.test_step(toy.batch('det'))[0]
    assert 'pred_instances' not in sample
    assert sample.get('sr_rgb01').shape == sample.get('hr_rgb01').shape == (3, 64, 64)


def test_config_is_not_changed_by_building():
    cfg = ConfigDict(toy.detector())
    before = cfg.to_dict()
    toy.build('det', task_net=cfg)
    assert cfg.to_dict() == before
