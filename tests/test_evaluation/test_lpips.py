import pytest
import torch
import torchvision

from sr4ir_mm.evaluation import LPIPS
from sr4ir_mm.evaluation.metrics.lpips import load_lpips
from sr4ir_mm.utils.errors import UserError
from tests.test_evaluation.samples import blurred, photograph


@pytest.fixture(autouse=True)
def _fresh_cache():
    load_lpips.cache_clear()
    yield
    load_lpips.cache_clear()


@pytest.fixture
def alex_weights(tmp_path):
    """Random weights under the names of torchvision's file."""
    path = tmp_path / 'alexnet-owt-7be5be79.pth'
    features = torchvision.models.AlexNet().features.state_dict()
    torch.save({f'features.{name}': value for name, value in features.items()}, path)
    return path


def expected_distance(path, image, reference):
    """LPIPS by its definition: unit-length features, squared difference, linear layers, mean."""
    import lpips

    features = torchvision.models.AlexNet().features.eval()
    state = torch.load(path, weights_only=True)
    features.load_state_dict({k.removeprefix('features.'): v for k, v in state.items()})
    linear = torch.load(
        lpips.__file__.replace('__init__.py', 'weights/v0.1/alex.pth'),
        map_location='cpu',
        weights_only=True,
    )
    shift = torch.tensor([-0.030, -0.088, -0.188]).view(3, 1, 1)
    scale = torch.tensor([0.458, 0.448, 0.450]).view(3, 1, 1)
    x, y = (((2 * t - 1 - shift) / scale)[None] for t in (image, reference))
    total, tap = torch.zeros(()), 0
    for index, layer in enumerate(features[:12]):
        layer.inplace = False
        x, y = layer(x), layer(y)
        if index in (1, 4, 7, 9, 11):
            unit = [t / (t.square().sum(1, keepdim=True).sqrt() + 1e-10) for t in (x, y)]
            weight = linear[f'lin{tap}.model.1.weight']
            total = total + ((unit[0] - unit[1]).square() * weight).sum(1).mean()
            tap += 1
    return total.item()


def test_equals_the_definition(alex_weights):
    hr = photograph(height=64, width=80)
    sr = (blurred(hr) * 255).round().clamp(0, 255) / 255
    metric = LPIPS(net='alex', weights=str(alex_weights))
    metric.process(None, [dict(sr_rgb01=sr, hr_rgb01=hr)])
    with torch.no_grad():
        expected = expected_distance(alex_weights, sr[:, 8:-8, 8:-8], hr[:, 8:-8, 8:-8])
    assert metric.evaluate(1) == {'sr/lpips': pytest.approx(expected, rel=1e-4)}


def test_finds_the_file_in_the_hub_cache(alex_weights, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path / 'hub'))
    folder = tmp_path / 'hub' / 'checkpoints'
    folder.mkdir(parents=True)
    alex_weights.rename(folder / alex_weights.name)
    assert LPIPS(net='alex').weights == folder / alex_weights.name


def test_no_weights_no_network_is_one_sentence_at_once(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError('no network')

    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))
    monkeypatch.setattr('sr4ir_mm.evaluation.metrics.lpips.download', refuse)
    with pytest.raises(UserError) as caught:
        LPIPS()
    message = str(caught.value)
    for part in ('vgg16-397923af.pth', str(tmp_path / 'checkpoints'), "weights='...'", 'https://'):
        assert part in message
    assert '\n' not in message


@pytest.mark.parametrize('content', [b'', b'not a file of torch', None])
def test_wrong_file_is_one_sentence(content, tmp_path):
    path = tmp_path / 'vgg.pth'
    if content is None:
        torch.save({'features.0.weight': torch.zeros(1)}, path)
    else:
        path.write_bytes(content)
    image = photograph(height=64)
    with pytest.raises(UserError, match='give the path of vgg16-397923af.pth') as caught:
        LPIPS(weights=str(path)).process(None, [dict(sr_rgb01=image, hr_rgb01=image)])
    assert '\n' not in str(caught.value)


def test_path_or_net_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(UserError, match='nowhere.pth.*does not exist'):
        LPIPS(weights=str(tmp_path / 'nowhere.pth'))
    with pytest.raises(UserError, match="net='resnet' is unknown; choose one of vgg, alex"):
        LPIPS(net='resnet')


def test_does_not_touch_the_random_state_and_shares_one_network(alex_weights):
    hr = photograph(height=64)
    before = torch.get_rng_state()
    for image in ('sr_rgb01', 'up_rgb01'):
        metric = LPIPS(net='alex', weights=str(alex_weights), image=image)
        metric.process(None, [{image: hr, 'hr_rgb01': hr}])
    assert torch.equal(before, torch.get_rng_state())
    assert load_lpips.cache_info().misses == 1


def test_no_gradient_and_eval_mode(alex_weights):
    model = load_lpips('alex', alex_weights)
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_too_small_for_the_network(alex_weights):
    image = torch.rand(3, 40, 60)
    with pytest.raises(UserError, match='at least 31 px must be left'):
        LPIPS(net='alex', weights=str(alex_weights)).process(
            None, [dict(sr_rgb01=image, hr_rgb01=image)]
        )
