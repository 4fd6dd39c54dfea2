"""Measuring an iteration part by part."""

import torch
from torch import nn

from sr4ir_mm.testing.parts import (
    REST,
    SR_AGAIN,
    SR_FORWARD,
    TDP_FEATURES,
    PartMeter,
    watch_training,
)
from sr4ir_mm.utils.counters import flop_counter
from tests import toy


def test_what_a_part_calls_counts_for_the_inner_part_alone():
    ticks = iter(range(100))
    meter = PartMeter(lambda: next(ticks))
    with meter.iteration(), meter.part('outer'), meter.part('inner'):
        pass
    assert meter.totals == {REST: 2, 'outer': 2, 'inner': 1}


def test_an_iteration_falls_into_its_parts():
    ticks = iter(range(10_000))
    meter = PartMeter(lambda: next(ticks))
    model = toy.build('cls').train()
    wrappers = toy.optim_wrapper(model)
    watch_training(meter, model, wrappers)
    with meter.iteration():
        model.train_step(toy.batch('cls'), wrappers)
    tasks = {f'task forward {number}' for number in (1, 2, 3)}
    updates = {f'{net} {what}' for net in ('sr_net', 'task_net') for what in ('backward', 'update')}
    assert {SR_FORWARD, SR_AGAIN, TDP_FEATURES} | tasks | updates <= set(meter.totals)


def test_the_backward_pass_costs_twice_the_forward_one_also_in_groups():
    for groups in (1, 8):
        conv = nn.Conv2d(8, 16, 3, padding=1, groups=groups, bias=False)
        image = torch.zeros(2, 8, 10, 10, requires_grad=True)
        with flop_counter() as counter:
            output = conv(image)
            forward = counter.get_total_flops()
            output.sum().backward()
        assert forward == 2 * 2 * 100 * conv.weight.numel()
        assert counter.get_total_flops() == 3 * forward
