"""The reference's learning rates, value by value (methods.md 5.3)."""

import json
import math
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapper
from torch import nn

from sr4ir_mm.engine.schedulers import WarmupCosineRestartLR
from sr4ir_mm.engine.schedulers.cosine_restart import cosine_restart_value
from sr4ir_mm.registry import PARAM_SCHEDULERS
from sr4ir_mm.utils.errors import UserError

FIXTURES = Path(__file__).parents[2] / 'parity/fixtures'


def optimizer(*rates):
    groups = [dict(params=[nn.Parameter(torch.zeros(1))], lr=rate) for rate in rates]
    return torch.optim.SGD(groups, lr=rates[0])


def rates(steps, base=1.0, **args):
    """The rate of every iteration, first included."""
    sgd = optimizer(base)
    scheduler = WarmupCosineRestartLR(sgd, by_epoch=False, **args)
    values = []
    for _ in range(steps):
        values.append(sgd.param_groups[0]['lr'])
        sgd.step()
        scheduler.step()
    return values


def cosine(base, eta_min, phase):
    return eta_min + 0.5 * (base - eta_min) * (1 + math.cos(math.pi * phase))


def test_boundary_has_the_least_rate_and_the_restart_comes_a_step_later():
    values = rates(21, base=1.0, periods=[4, 16], eta_min=0.1)

    assert values[0] == 1.0
    assert values[3] == pytest.approx(cosine(1, 0.1, 3 / 4))
    assert values[4] == pytest.approx(0.1)
    assert values[5] == pytest.approx(cosine(1, 0.1, 1 / 16))
    assert values[20] == pytest.approx(0.1)


def test_restart_weights_scale_the_amplitude():
    values = rates(12, periods=[4, 8], restart_weights=[1, 0.5], eta_min=0.2)

    assert values[5] == pytest.approx(0.2 + 0.5 * 0.5 * 0.8 * (1 + math.cos(math.pi / 8)))


def test_after_the_last_period_the_rate_stays_least():
    """The reference crashes there."""
    assert rates(8, periods=[3], eta_min=0.25)[3:] == [0.25] * 5


def test_detection_warm_up_is_linear_and_the_cosine_stands_still():
    length, base = 10, 2e-2
    values = rates(
        6 * length + 1, base=base, periods=[2 * length, 3 * length], warmup=length, eta_min=1e-4
    )

    # LinearLR(start_factor=1/len, total_iters=len): from base/len to base.
    for step in range(length):
        factor = 1 / length + (1 - 1 / length) * step / length
        assert values[step] == pytest.approx(base * factor)
    # Epoch 2 begins with the first value of the cosine, that of step 0.
    assert values[length] == base
    assert values[length + 1] == pytest.approx(cosine(base, 1e-4, 1 / (2 * length)))
    assert values[3 * length] == pytest.approx(1e-4)
    assert values[3 * length + 1] == pytest.approx(cosine(base, 1e-4, 1 / (3 * length)))


def test_linear_warm_up_equals_torch():
    length = 7
    sgd = optimizer(0.5)
    linear = torch.optim.lr_scheduler.LinearLR(sgd, start_factor=1 / length, total_iters=length)
    expected = []
    for _ in range(length):
        expected.append(sgd.param_groups[0]['lr'])
        sgd.step()
        linear.step()

    assert rates(length, base=0.5, periods=[20], warmup=length) == pytest.approx(expected)


def test_detection_baselines_end_at_29_of_30_epochs():
    """30 epochs, the first of which only warms up, with a period of 30: the least rate is not reached."""
    length = 357
    values = rates(30 * length + 1, base=2e-2, periods=[30 * length], warmup=length, eta_min=1e-4)

    assert values[-1] == pytest.approx(cosine(2e-2, 1e-4, 29 / 30))
    assert values[-1] == pytest.approx(1.5e-4, rel=0.05)


def test_single_period_equals_torchs_cosine():
    """H->T and L->T of detection and segmentation use torch's CosineAnnealingLR."""
    sgd = optimizer(2e-2)
    cosine_lr = torch.optim.lr_scheduler.CosineAnnealingLR(sgd, T_max=50, eta_min=1e-4)
    expected = []
    for _ in range(50):
        expected.append(sgd.param_groups[0]['lr'])
        sgd.step()
        cosine_lr.step()

    assert rates(50, base=2e-2, periods=[50], eta_min=1e-4) == pytest.approx(expected, rel=1e-6)


def test_every_group_follows_from_its_own_base():
    """The auxiliary head starts ten times as high and ends at the same least rate."""
    sgd = optimizer(2e-2, 0.2)
    scheduler = WarmupCosineRestartLR(sgd, periods=[10], eta_min=1e-4, by_epoch=False)
    for _ in range(10):
        sgd.step()
        scheduler.step()

    assert [group['lr'] for group in sgd.param_groups] == pytest.approx([1e-4, 1e-4])


@pytest.mark.parametrize('name', ['voc_detection', 'voc_segmentation', 'classification'])
def test_configs_step_once_an_iteration(name):
    cfg = Config.fromfile(Path(__file__).parents[3] / f'configs/_base_/schedules/{name}.py')
    length = 5
    wrapper = OptimWrapper(optimizer(cfg.task_optim.optimizer.lr))
    wrapper.loss_starts = [0.1]  # the TDP loss of configs/sr4ir
    (schedule,) = cfg.task_schedule_sr4ir
    epochs = cfg.train_cfg.max_epochs
    scheduler = PARAM_SCHEDULERS.build(
        dict(schedule, optimizer=wrapper, end=epochs), default_args=dict(epoch_length=length)
    )
    rates_seen = []
    for _ in range(cfg.train_cfg.max_epochs * length):
        rates_seen.append(wrapper.get_lr()['lr'][0])
        wrapper.optimizer.step()
        scheduler.step()

    assert not scheduler.by_epoch
    restart = epochs * length // 10
    assert rates_seen[restart] == pytest.approx(1e-4)
    assert rates_seen[restart + 1] > 100 * 1e-4
    assert sum(scheduler.periods) + scheduler.warmup == epochs * length
    # mmengine stops a scheduler one step before its end, which no iteration sees.
    assert wrapper.get_lr()['lr'][0] == pytest.approx(1e-4, rel=0.05)


def test_resumed_schedule_goes_on():
    sgd = optimizer(1.0)
    args = dict(periods=[4, 8], warmup=2, eta_min=0.1, by_epoch=False)
    first = WarmupCosineRestartLR(sgd, **args)
    for _ in range(5):
        sgd.step()
        first.step()
    second_sgd = optimizer(1.0)
    second = WarmupCosineRestartLR(second_sgd, **args)
    second_sgd.load_state_dict(sgd.state_dict())
    second.load_state_dict(first.state_dict())
    for one in (sgd, second_sgd):
        one.step()
    first.step()
    second.step()

    assert second_sgd.param_groups[0]['lr'] == sgd.param_groups[0]['lr']


@pytest.mark.parametrize(
    'args', [dict(periods=[]), dict(periods=[0, 3]), dict(periods=[2], restart_weights=[1, 1])]
)
def test_wrong_periods_are_refused(args):
    with pytest.raises(UserError, match='must be positive and as many'):
        WarmupCosineRestartLR(optimizer(1.0), by_epoch=False, **args)


@pytest.mark.parametrize(('fixture', 'first_period'), [('cls', 20), ('seg', 10), ('det', 2)])
def test_rates_equal_those_recorded_from_the_reference(fixture, first_period):
    """The parity fixtures were recorded with 100 iterations an epoch, from the first step of the cosine on."""
    about = json.loads((FIXTURES / f'{fixture}_edsr_x4.json').read_text())

    for index, eta_min in enumerate((1e-6, 1e-4)):
        recorded = [rates_of_step[index] for rates_of_step in about['lr']]
        ours = [
            cosine_restart_value(step, recorded[0], eta_min, [100 * first_period], [1])
            for step in range(3)
        ]
        assert ours == pytest.approx(recorded, rel=1e-12)


def test_the_restart_follows_the_length_of_the_training():
    """One setting, whatever the length: the paper's [2, 27] of 30 epochs, [3, 36] of 40 and so on."""
    length = 10
    for epochs, periods in ((30, [2, 27]), (40, [3, 36]), (20, [1, 18])):
        args = dict(base=1.0, warmup=length, eta_min=0.1)
        derived = rates(epochs * length, restart=0.1, end=epochs * length, **args)
        written = rates(epochs * length, periods=[period * length for period in periods], **args)
        assert derived == written


def test_without_a_restart_the_period_is_the_training():
    args = dict(eta_min=0.1, warmup=3)
    assert rates(30, end=30, **args) == rates(30, periods=[30], **args)


def test_a_restart_within_the_warm_up_is_none():
    assert rates(20, end=20, warmup=5, restart=0.1) == rates(20, periods=[15], warmup=5)


@pytest.mark.parametrize(
    ('args', 'words'),
    [
        (dict(periods=[3], restart=0.1), 'give one of the two'),
        (dict(end=9, restart=1.5), 'neither a share'),
        (dict(end=9, restart='tdp'), 'neither a share'),
        (dict(), 'length of the training'),
    ],
)
def test_contradictory_schedules_are_refused(args, words):
    with pytest.raises(UserError, match=words):
        rates(1, **args)


@pytest.mark.parametrize(('begin', 'periods'), [(0.1, [10, 90]), (0.2, [20, 80]), (0.0, [100])])
def test_the_rates_restart_where_the_loss_starts(begin, periods):
    """The start of TDP is the one setting that both derive from."""
    from tests import toy

    model = toy.build('cls', phases=[dict(toy.SR_PHASE, tdp=dict(begin=begin)), toy.TASK_PHASE])
    for wrapper in toy.optim_wrapper(model).values():
        scheduler = WarmupCosineRestartLR(wrapper, restart='loss_start', end=100, by_epoch=False)
        assert scheduler.periods == periods
