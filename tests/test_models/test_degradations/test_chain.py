"""Steps of degradations against independent formulas, and random numbers that belong to the samples."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from scipy.ndimage import gaussian_filter
from skimage import data

from sr4ir_mm.models.degradations import (
    JPEG,
    BicubicDegradation,
    DegradationChain,
    Dice,
    GaussianBlur,
    GaussianNoise,
    OneOf,
    PoissonNoise,
    Resize,
    build_degradation,
)
from sr4ir_mm.models.degradations.steps import gaussian_kernels
from sr4ir_mm.utils.errors import UserError

CONFIGS = Path(__file__).parents[3] / 'configs/_base_/degradations'
NAMES = sorted(path.stem for path in CONFIGS.glob('*.py'))


def photograph(side=96, count=1):
    crops = [data.astronaut()[20 * i : 20 * i + side, 100 : 100 + side] for i in range(count)]
    return torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float() / 255


def dice(count=1, seed=0):
    return Dice(range(seed, seed + count))


def degradation(name, scale=8):
    return build_degradation(Config.fromfile(CONFIGS / f'{name}.py').degradation, scale)


def test_antialiased_bicubic_is_matlabs_to_a_grey_level():
    from resize_right import resize

    hr = photograph(128)
    ours = BicubicDegradation(4, antialias=True)(hr)
    # MATLAB's rule: a cubic kernel stretched by the scale, sampled at pixel centres, edges mirrored.
    matlabs = (resize(hr, scale_factors=0.25, pad_mode='reflect') * 255).round().clamp(0, 255)
    inside = (
        ...,
        slice(2, -2),
        slice(2, -2),
    )  # at the edge torch renormalises the kernel, MATLAB mirrors the image

    assert (ours * 255 - matlabs)[inside].abs().max() <= 1
    assert (ours * 255 - matlabs).abs().mean() < 0.2
    assert (BicubicDegradation(4)(hr) * 255 - matlabs)[inside].abs().max() > 10


def test_isotropic_blur_is_a_gaussian_filter():
    image = photograph()
    blurred = GaussianBlur(sigma=2.0, kernel_size=21)(image, dice())
    expected = gaussian_filter(image[0].double().numpy(), (0, 2, 2), mode='mirror', truncate=5)

    assert np.abs(blurred[0].numpy() - expected).max() < 1e-5


def test_anisotropic_kernels_have_the_covariance_asked_for():
    angle = torch.tensor([0.6])
    (kernel,) = gaussian_kernels(41, torch.tensor([4.0]), torch.tensor([1.5]), angle).double()
    y, x = torch.meshgrid(torch.arange(41.0) - 20, torch.arange(41.0) - 20, indexing='ij')
    moments = [(kernel * a * b).sum().item() for a, b in ((x, x), (y, y), (x, y))]
    c, s = np.cos(0.6), np.sin(0.6)
    rotation = np.array([[c, -s], [s, c]])
    covariance = rotation @ np.diag([16, 2.25]) @ rotation.T

    assert kernel.sum() == pytest.approx(1)
    expected = [covariance[0, 0], covariance[1, 1], covariance[0, 1]]
    assert moments == pytest.approx(expected, rel=1e-3)


def test_each_sample_has_a_blur_of_its_own():
    images = photograph().expand(3, -1, -1, -1)
    blurred = GaussianBlur(sigma=(0.5, 5.0), anisotropic=0.5)(images, dice(3))
    single = GaussianBlur(sigma=(0.5, 5.0), anisotropic=0.5)(images[:1], dice(1, seed=1))

    assert not torch.allclose(blurred[0], blurred[1], atol=1e-3)
    assert torch.allclose(blurred[1:2], single, atol=1e-6)


@pytest.mark.parametrize('mode', ['bilinear', 'bicubic', 'area', 'nearest'])
def test_resize_is_opencvs(mode):
    image = photograph(96)
    ours = Resize(divisor=8, modes=mode)(image, dice())
    flag = dict(
        bilinear=cv2.INTER_LINEAR,
        bicubic=cv2.INTER_CUBIC,
        area=cv2.INTER_AREA,
        nearest=cv2.INTER_NEAREST,
    )[mode]
    expected = cv2.resize(image[0].permute(1, 2, 0).numpy(), (12, 12), interpolation=flag)

    assert np.abs(ours[0].permute(1, 2, 0).numpy() - expected).max() < 1e-4


def test_gaussian_noise_has_its_strength():
    grey = torch.full((4, 3, 96, 96), 0.5)
    noise = (GaussianNoise(sigma=10)(grey, dice(4)) - grey) * 255
    same = GaussianNoise(sigma=10, grey=1.0)(grey, dice(4)) - grey

    assert noise.std() == pytest.approx(10, rel=0.02)
    assert noise.mean() == pytest.approx(0, abs=0.1)
    assert torch.equal(same[:, 0], same[:, 2])


def test_poisson_noise_grows_with_the_root_of_the_brightness():
    step = PoissonNoise(strength=2.0)
    levels = [64 / 255, 1.0]
    deviations = [
        (step(torch.full((2, 3, 96, 96), v), dice(2)) * 255 - v * 255).std().item() for v in levels
    ]

    assert deviations == pytest.approx([2 * 8, 2 * 255**0.5], rel=0.03)


def test_jpeg_is_libjpegs():
    image = photograph(96)
    ours = JPEG(quality=75)(image, dice()) * 255
    bgr = (image[0].permute(1, 2, 0).flip(2) * 255).round().byte().numpy()
    coded = cv2.imencode('.jpg', bgr, [cv2.IMWRITE_JPEG_QUALITY, 75])[1]
    expected = cv2.imdecode(coded, cv2.IMREAD_COLOR)[..., ::-1].astype(np.float32)
    difference = np.abs(ours[0].permute(1, 2, 0).numpy() - expected)

    assert difference.max() <= 3  # two builds of the codec
    assert difference.mean() < 0.3
    assert (ours - image * 255).abs().mean() > 1


def test_one_of_leaves_no_sample_out():
    grey = torch.full((40, 3, 8, 8), 0.5)
    brighter = dict(type='sr4ir_mm.GaussianNoise', sigma=5)
    compressed = dict(type='sr4ir_mm.GaussianNoise', sigma=50)
    noise = OneOf([brighter, compressed], weights=[3, 1])(grey, dice(40)) - grey
    strong = (noise.flatten(1).std(1) * 255 > 20).sum().item()

    assert 4 <= strong <= 16
    assert (noise.flatten(1).std(1) > 0.01).all()


@pytest.mark.parametrize('name', NAMES)
@pytest.mark.parametrize('scale', [1, 4, 8])
def test_shipped_degradations_give_8_bit_lr_images(name, scale):
    hr = photograph(96, count=3)
    lr = degradation(name, scale)(hr)

    assert lr.shape == (3, 3, 96 // scale, 96 // scale)
    assert torch.equal((lr * 255).round() / 255, lr)
    assert lr.min() >= 0
    assert lr.max() <= 1


@pytest.mark.parametrize('name', [name for name in NAMES if name != 'bicubic_antialias'])
def test_equal_seeds_give_equal_images_and_others_do_not(name):
    hr = photograph(64)
    chain = degradation(name)
    first, again, other = (chain(hr, [seed]) for seed in (7, 7, 8))

    assert torch.equal(first, again)
    assert torch.equal(first, other) == (name == 'mixture_a')  # which draws nothing


def test_training_follows_the_processs_random_numbers():
    hr, chain = photograph(64, count=2), degradation('mixture_b')
    torch.manual_seed(3)
    first = [chain(hr), chain(hr)]
    torch.manual_seed(3)
    again = [chain(hr), chain(hr)]

    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(*first)


def test_a_chance_of_zero_leaves_images_alone():
    hr = photograph(64, count=2)
    steps = [
        dict(type='sr4ir_mm.GaussianBlur', sigma=3.0, prob=0.0),
        dict(type='sr4ir_mm.Resize', factor=0.5, prob=0.0),
        dict(type='sr4ir_mm.JPEG', quality=10, prob=0.0),
    ]

    assert torch.equal(DegradationChain(1, steps, quantize=False)(hr), hr)


@pytest.mark.parametrize(
    ('make', 'message'),
    [
        (lambda: GaussianBlur(sigma=(3, 1)), 'upside down'),
        (lambda: GaussianBlur(sigma=(1, 2, 3)), 'no range'),
        (lambda: GaussianBlur(sigma=1.0, kernel_size=20), 'take the odd 21'),
        (lambda: Resize(), 'give one of them'),
        (lambda: Resize(factor=0.5, modes='lanczos'), 'lanczos'),
        (lambda: JPEG(quality=(0, 50)), 'from 1 to 100'),
        (lambda: OneOf([]), 'give a weight'),
        (lambda: GaussianNoise(sigma=5, prob=2), 'prob=2'),
    ],
)
def test_wrong_arguments_are_told(make, message):
    with pytest.raises(UserError, match=message):
        make()
