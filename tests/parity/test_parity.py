"""Our loop against the recorded figures of the reference; other combinations are built and stepped."""

from pathlib import Path

import pytest
import torch

from sr4ir_mm.models.phases.images import upsample
from tests.parity.check import check, compare_losses, report
from tests.parity.fixture import Fixture
from tests.parity.ours import build_model, build_optimizers, run_step
from tests.parity.synthetic import make_fixture

FIXTURES = Path(__file__).parent / 'fixtures'


# Nothing of detection's third step can be compared. A minute alone, more on a busy machine.
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ('name', 'steps'), [('cls_edsr_x4', 3), ('seg_edsr_x4', 3), ('det_edsr_x4', 2)]
)
def test_losses_and_parameters_equal_the_reference(name, steps):
    checks = check(FIXTURES / name, steps)

    assert len(checks) >= 3
    assert all(item.passed for item in checks), report(checks)


@pytest.mark.parametrize('scale', [4, 8])
@pytest.mark.parametrize('sr', ['edsr', 'swinir'])
@pytest.mark.parametrize('task', ['cls', 'seg', 'det'])
def test_other_combinations_build_and_step(task, sr, scale):
    fixture = make_fixture(task, sr, scale)
    model = build_model(fixture)
    if task == 'det':
        model.adapter.resize = dict(short=64, long=96, divisor=32)
    optimizers = build_optimizers(model, fixture)
    before = {name: value.clone() for name, value in model.state_dict().items()}

    losses = [run_step(model, optimizers, fixture, step) for step in range(fixture.steps)]

    assert set(losses[0]) == set(fixture.losses(0))
    assert all(torch.isfinite(torch.tensor(list(step.values()))).all() for step in losses)
    changed = {
        name.split('.')[0]
        for name, value in model.state_dict().items()
        if not torch.equal(value, before[name])
    }
    assert changed == {'sr_net', 'task_net'}


@pytest.mark.parametrize('scale', [4, 8])
def test_bilinear_images_are_the_references(scale):
    lr_rgb01 = torch.rand(2, 3, 7, 9)

    ours = upsample(lr_rgb01, (7 * scale, 9 * scale))

    torch.testing.assert_close(ours, torch.nn.UpsamplingBilinear2d(scale_factor=scale)(lr_rgb01))


def test_a_wrong_figure_is_noticed():
    fixture = Fixture.load(FIXTURES / 'cls_edsr_x4')
    fixture.about['losses'][0]['losses/l_tdp'] *= 1.001

    losses = [fixture.losses(step) for step in range(fixture.steps)]
    losses[0]['sr_net/tdp'] /= 1.001
    failed = [item.name for item in compare_losses(fixture, losses) if not item.passed]

    assert failed == ['step 1 sr_net/tdp']
