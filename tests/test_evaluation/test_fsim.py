import pytest
import torch

from sr4ir_mm.evaluation.metrics import FSIM, fsim
from tests.test_evaluation.samples import blurred, degraded, photograph

#: (photograph, degradation) -> FSIM and FSIMc by a second implementation, written from the paper's formulas.
EXPECTED = {
    ('astronaut', 'bicubic'): (0.871153, 0.870614),
    ('astronaut', 'noise'): (0.912635, 0.902922),
    ('astronaut', 'dark'): (0.973348, 0.972060),
    ('astronaut', 'jpeg'): (0.933440, 0.931906),
    ('chelsea', 'bicubic'): (0.856364, 0.856063),
    ('chelsea', 'noise'): (0.922022, 0.913983),
    ('chelsea', 'dark'): (0.979122, 0.977817),
    ('chelsea', 'jpeg'): (0.918275, 0.916709),
    ('coffee', 'bicubic'): (0.895928, 0.895314),
    ('coffee', 'noise'): (0.847398, 0.841052),
    ('coffee', 'dark'): (0.988053, 0.985511),
    ('coffee', 'jpeg'): (0.923114, 0.921175),
    ('rocket', 'bicubic'): (0.952859, 0.952061),
    ('rocket', 'noise'): (0.702934, 0.695365),
    ('rocket', 'dark'): (0.966322, 0.965344),
    ('rocket', 'jpeg'): (0.892727, 0.891297),
    ('immunohistochemistry', 'bicubic'): (0.846562, 0.846474),
    ('immunohistochemistry', 'noise'): (0.940393, 0.930785),
    ('immunohistochemistry', 'dark'): (0.988540, 0.987970),
    ('immunohistochemistry', 'jpeg'): (0.930319, 0.928532),
}


@pytest.mark.parametrize(('name', 'kind'), EXPECTED)
def test_two_implementations_agree(name, kind):
    hr = photograph(name, 120, 144).double()
    sr = degraded(hr, kind)
    found = [value.item() for value in fsim(sr[None], hr[None])]
    assert found == pytest.approx(EXPECTED[name, kind], abs=1e-4)


def test_large_images_are_averaged_down_first():
    hr = photograph('coffee', 330, 420).double()
    sr = blurred(hr)
    found = [value.item() for value in fsim(sr[None], hr[None])]
    assert found == pytest.approx((0.84603, 0.844509), abs=1e-4)


def test_is_symmetric_and_one_for_equal_images():
    hr = photograph().double()[None]
    sr = blurred(hr[0])[None]
    assert [v.item() for v in fsim(hr, hr)] == pytest.approx([1, 1])
    assert [v.item() for v in fsim(sr, hr)] == pytest.approx([v.item() for v in fsim(hr, sr)])


def test_each_image_by_itself():
    hr = torch.stack([photograph(), photograph('coffee')])
    sr = torch.stack([blurred(image) for image in hr])
    together = torch.stack(fsim(sr, hr))
    alone = torch.stack([torch.cat(fsim(s[None], h[None])) for s, h in zip(sr, hr, strict=True)], 1)
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)


def test_flat_images_give_numbers():
    flat = torch.full((1, 3, 40, 40), 0.5, dtype=torch.float64)
    plain, colour = fsim(flat, flat * 0.5)
    assert 0 < plain.item() <= 1
    assert 0 < colour.item() <= 1


def test_metric_reports_both():
    metric = FSIM(quantize=False)  # the blurred image leaves [0, 1]
    hr = photograph()
    metric.process(None, [dict(sr_rgb01=blurred(hr), hr_rgb01=hr)])
    found = metric.evaluate(1)
    assert set(found) == {'sr/fsim', 'sr/fsimc'}
    assert found['sr/fsimc'] < found['sr/fsim'] < 1
