"""bfloat16 autocast on the CPU: every task trains."""

import pytest
import torch

from tests import toy


@pytest.mark.parametrize('task', ['cls', 'seg', 'det', 'roi'])
def test_losses_are_near_those_of_single_precision(task):
    """mmcv's non-maximum suppression refuses an RPN head's bfloat16 on the CPU."""
    model = (toy.two_stage_detector() if task == 'roi' else toy.build(task)).train()
    totals = []
    for reduced in (False, True):
        torch.manual_seed(0)
        batch = model.data_preprocessor(toy.batch('det' if task == 'roi' else task), True)
        with torch.autocast('cpu', torch.bfloat16, enabled=reduced):
            losses = model(batch['inputs'], mode='loss')
        sums = {k: float(sum(v) if isinstance(v, list) else v) for k, v in losses.items()}
        totals.append({k: v for k, v in sums.items() if 'pixel' in k or 'rpn' in k})

    assert totals[0]
    for name, value in totals[0].items():
        assert totals[1][name] == pytest.approx(value, rel=0.1, abs=0.02), name
