"""Key maps: complete, invertible, and refusing what they do not know."""

import pytest
import torch
import torch.nn.functional as F

from sr4ir_mm.models.sr_nets import build_sr_net
from sr4ir_mm.utils.converters import (
    DBPN,
    EDSR,
    RCAN,
    SR_NETS,
    SWINIR,
    TASK_NETS,
    find_conversion,
    read_state,
)
from sr4ir_mm.utils.errors import UserError
from tests.parity.ours import FIXED, TASK_CONVERSIONS, sr_config
from tests.parity.rule import rule_tensor
from tests.parity.synthetic import make_fixture, task_shapes
from tests.test_utils.test_converters.official_nets import OfficialDBPN, OfficialRCAN
from tests.test_utils.test_converters.official_swinir import official_swinir


def random_state(shapes):
    state = {key: rule_tensor(key, shape) for key, shape in shapes.items()}
    if 'sub_mean.bias' in state:
        state['sub_mean.bias'] *= 255 / state['sub_mean.bias'].abs().max()
    return state


@pytest.mark.parametrize('scale', [4, 8])
@pytest.mark.parametrize('name', ['edsr', 'swinir'])
def test_official_sr_weights_fill_mmagics_network(name, scale):
    fixture = make_fixture('cls', name, scale)
    net = build_sr_net(sr_config(fixture))
    state = random_state(fixture.shapes('sr'))
    conversion = find_conversion(state, SR_NETS, 'x')

    converted = conversion(state)

    assert conversion is {'edsr': EDSR, 'swinir': SWINIR}[name]
    net.load_state_dict(converted, strict=True)
    back = {
        key: net.state_dict()[conversion.rename(key)] for key in state if conversion.rename(key)
    }
    assert set(state) - set(back) == (
        {k for k in state if '_mean' in k} if name == 'edsr' else set()
    )
    assert all(torch.equal(value, state[key].to(value)) for key, value in back.items())


def official_edsr(state, lr_rgb01):
    """EDSR by its official names, computed in 0..255."""

    def conv(name, image):
        return F.conv2d(image, state[f'{name}.weight'], state[f'{name}.bias'], padding=1)

    mean = torch.tensor([0.4488, 0.4371, 0.4040]).view(1, 3, 1, 1) * 255
    head = conv('head.0', lr_rgb01 * 255 - mean)
    body, block = head, 0
    while f'body.{block}.body.0.weight' in state:
        body = body + conv(f'body.{block}.body.2', F.relu(conv(f'body.{block}.body.0', body)))
        block += 1
    image, stage = head + conv(f'body.{block}', body), 0
    while f'tail.0.{stage}.weight' in state:
        image = F.pixel_shuffle(conv(f'tail.0.{stage}', image), 2)
        stage += 2
    return (conv('tail.1', image) + mean) / 255


@pytest.mark.parametrize('scale', [2, 4, 8])
def test_converted_edsr_makes_the_official_images(scale):
    fixture = make_fixture('cls', 'edsr', scale)
    state = random_state(fixture.shapes('sr'))
    net = build_sr_net(sr_config(fixture))
    net.load_state_dict(EDSR(state))
    lr_rgb01 = torch.rand(2, 3, 9, 11)

    with torch.no_grad():
        torch.testing.assert_close(
            net(lr_rgb01), official_edsr(state, lr_rgb01), rtol=1e-4, atol=1e-4
        )


@pytest.mark.parametrize('size', [(16, 16), (20, 27)])
@pytest.mark.parametrize('scale', [4, 8])
def test_converted_swinir_makes_the_official_images(scale, size):
    fixture = make_fixture('cls', 'swinir', scale)
    state = random_state(fixture.shapes('sr'))
    net = build_sr_net(sr_config(fixture)).eval()
    net.load_state_dict(
        SWINIR({k: v for k, v in state.items() if not FIXED.search(k)}), strict=False
    )
    lr_rgb01 = torch.rand(2, 3, *size)

    with torch.no_grad():
        torch.testing.assert_close(
            net(lr_rgb01), official_swinir(state, lr_rgb01, fixture.sr), rtol=1e-4, atol=1e-4
        )


@pytest.mark.parametrize('scale', [2, 4, 8])
@pytest.mark.parametrize(
    ('official', 'conversion', 'sizes'),
    [
        (OfficialDBPN, DBPN, dict(base_channels=4, feat_channels=8, num_stages=5)),
        (OfficialRCAN, RCAN, dict(mid_channels=8, num_groups=2, num_blocks=3, reduction=4)),
    ],
)
def test_converted_weights_make_the_official_images(official, conversion, sizes, scale):
    theirs = official(scale, **sizes)
    state = theirs.state_dict()
    assert find_conversion(state, SR_NETS, 'x') is conversion
    kind = {DBPN.name: 'DBPNNet', RCAN.name: 'RCANNet'}[conversion.name]
    ours = build_sr_net(dict(type=f'sr4ir_mm.{kind}', scale=scale, **sizes))
    lr_rgb01 = torch.rand(2, 3, 7, 9)

    ours.load_state_dict(conversion(state), strict=True)

    with torch.no_grad():
        torch.testing.assert_close(ours(lr_rgb01), theirs(lr_rgb01), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('task', ['cls', 'seg', 'det'])
def test_task_networks_are_recognised_and_names_stay_unique(task):
    state = random_state(task_shapes(task))
    conversion = find_conversion(state, TASK_NETS, 'x')

    converted = conversion(state)

    assert conversion is TASK_CONVERSIONS[task]
    kept = [key for key in state if conversion.rename(key) is not None]
    assert len(converted) == len(kept)


def test_background_moves_to_the_end():
    state = random_state(task_shapes('det'))

    converted = TASK_CONVERSIONS['det'](state)

    scores = state['roi_heads.box_predictor.cls_score.bias']
    assert converted['roi_head.bbox_head.fc_cls.bias'].tolist() == [
        *scores[1:].tolist(),
        scores[0].item(),
    ]
    boxes = state['roi_heads.box_predictor.bbox_pred.weight']
    assert torch.equal(converted['roi_head.bbox_head.fc_reg.weight'], boxes[4:])


def test_edsr_in_another_range_is_refused():
    state = random_state(make_fixture('cls', 'edsr', 4).shapes('sr'))
    state['sub_mean.bias'] = torch.tensor([-0.4488, -0.4371, -0.4040])

    with pytest.raises(UserError, match='rgb_range 255'):
        EDSR(state)


def test_unknown_weights_are_refused():
    with pytest.raises(UserError, match='holds none of RCAN, EDSR, SwinIR, D-DBPN'):
        find_conversion({'a.weight': torch.zeros(1)}, SR_NETS, 'a.pth')
    with pytest.raises(UserError, match=r"'extra\.weight' is no entry of EDSR"):
        EDSR({'tail.0.0.weight': torch.zeros(1), 'extra.weight': torch.zeros(1)})


@pytest.mark.parametrize('container', [None, 'params', 'params_ema', 'state_dict', 'net_sr'])
def test_state_is_found_in_any_container(tmp_path, container):
    state = {'module.a': torch.ones(2)}
    net = 'sr_net' if container == 'net_sr' else None
    torch.save({container: state, 'epoch': 3} if container else state, tmp_path / 'a.pth')

    assert read_state(tmp_path / 'a.pth', net=net)['a'].tolist() == [1, 1]


def test_bad_files_are_told_in_one_sentence(tmp_path):
    (tmp_path / 'broken.pth').write_bytes(b'no checkpoint')
    torch.save({'epoch': 3}, tmp_path / 'empty.pth')
    for name, text in (
        ('absent', 'does not exist'),
        ('broken', 'no readable checkpoint'),
        ('empty', 'no state dict'),
    ):
        with pytest.raises(UserError, match=text):
            read_state(tmp_path / f'{name}.pth')
