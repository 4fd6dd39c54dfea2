"""PredictionsHook: the answers of the last validation or the test lie in the work dir."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from sr4ir_mm.engine.hooks import PredictionsHook


@pytest.mark.parametrize('mode', ['val', 'test'])
def test_evaluation_leaves_its_predictions_in_the_work_dir(tmp_path, mode):
    evaluator = SimpleNamespace(metrics=[])
    loop = SimpleNamespace(evaluator=evaluator)
    runner = SimpleNamespace(work_dir=str(tmp_path), **{f'{mode}_loop': loop})
    before = getattr(PredictionsHook(), f'before_{mode}')

    before(runner)
    before(runner)
    (metric,) = evaluator.metrics
    metric.process({}, [dict(pred_score=torch.tensor([0.5, 0.5]), gt_label=torch.tensor([1]))])
    metric.evaluate(1)

    with np.load(tmp_path / 'predictions.npz') as file:
        assert file['labels'].tolist() == [1]


def test_the_label_that_the_evaluator_ignores_is_no_class(tmp_path):
    evaluator = SimpleNamespace(metrics=[SimpleNamespace(), SimpleNamespace(ignore_index=1)])
    runner = SimpleNamespace(work_dir=str(tmp_path), val_loop=SimpleNamespace(evaluator=evaluator))
    PredictionsHook().before_val(runner)
    sample = dict(
        pred_sem_seg=dict(data=torch.tensor([[[0, 0]]])),
        gt_sem_seg=dict(data=torch.tensor([[[0, 1]]])),
        seg_logits=dict(data=torch.zeros(2, 1, 2)),
    )

    evaluator.metrics[-1].process({}, [sample])
    evaluator.metrics[-1].evaluate(1)

    with np.load(tmp_path / 'predictions.npz') as file:
        assert file['confusion'].sum((0, 1)).tolist() == [[1, 0], [0, 0]]
