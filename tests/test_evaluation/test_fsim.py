import pytest
import torch

from sr4ir_mm.evaluation.metrics import FSIM, fsim
from sr4ir_mm.evaluation.metrics.fsim import _filter_bank, phase_congruency
from tests.test_evaluation.samples import blurred, photograph


@pytest.mark.parametrize(
    ('name', 'size', 'expected'),
    [
        # piq 0.8.0: piq.fsim(sr, hr, chromatic=False / True), on these very pairs.
        ('astronaut', (96, 112), (0.868502, 0.867961)),
        ('chelsea', (97, 131), (0.835616, 0.835089)),
        ('coffee', (330, 420), (0.84603, 0.844509)),
    ],
)
def test_equals_an_independent_implementation(name, size, expected):
    hr = photograph(name, *size).double()
    sr = blurred(hr).clamp(0, 1)
    found = [value.item() for value in fsim(sr[None], hr[None])]
    assert found == pytest.approx(expected, abs=5e-5)


def test_is_symmetric_and_one_for_equal_images():
    hr = photograph().double()[None]
    sr = blurred(hr[0])[None]
    assert [v.item() for v in fsim(hr, hr)] == pytest.approx([1, 1])
    assert [v.item() for v in fsim(sr, hr)] == pytest.approx([v.item() for v in fsim(hr, sr)])


def test_each_image_by_itself():
    hr = torch.stack([photograph(), photograph('coffee')]).double()
    sr = torch.stack([blurred(image) for image in hr])
    together = torch.stack(fsim(sr, hr))
    alone = torch.stack([torch.cat(fsim(s[None], h[None])) for s, h in zip(sr, hr, strict=True)], 1)
    torch.testing.assert_close(together, alone)


def test_flat_images_give_numbers():
    flat = torch.full((1, 3, 40, 40), 0.5, dtype=torch.float64)
    plain, colour = fsim(flat, flat * 0.5)
    assert 0 < plain.item() <= 1
    assert 0 < colour.item() <= 1


def test_phase_congruency_marks_an_edge_whatever_its_contrast():
    image = torch.zeros(2, 64, 64, dtype=torch.float64)
    image[0, :, 32:] = 20
    image[1, :, 32:] = 200
    found = phase_congruency(image)
    assert (found >= 0).all()
    assert (found <= 1).all()
    torch.testing.assert_close(found[0], found[1], atol=1e-3, rtol=0)
    assert found[0, 32, 31:33].min() > 0.75
    assert found[0, 32, 24:30].max() < 0.4


def test_filters_cover_no_direct_current():
    bank = _filter_bank(32, 48, torch.device('cpu'))
    assert bank.transfer.shape == (4, 4, 32, 48)
    assert bank.transfer[..., 0, 0].abs().max() == 0


def test_metric_reports_both():
    metric = FSIM()
    hr = photograph()
    metric.process(None, [dict(sr_rgb01=blurred(hr), hr_rgb01=hr)])
    found = metric.evaluate(1)
    assert set(found) == {'sr/fsim', 'sr/fsimc'}
    assert found['sr/fsimc'] < found['sr/fsim'] < 1
