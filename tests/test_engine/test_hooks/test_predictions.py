"""PredictionsHook: the last validation's answers lie in the work dir."""

from types import SimpleNamespace

import numpy as np
import torch

from sr4ir_mm.engine.hooks import PredictionsHook


def test_validation_leaves_its_predictions_in_the_work_dir(tmp_path):
    evaluator = SimpleNamespace(metrics=[])
    runner = SimpleNamespace(work_dir=str(tmp_path), val_loop=SimpleNamespace(evaluator=evaluator))
    hook = PredictionsHook()

    hook.before_val(runner)
    hook.before_val(runner)
    (metric,) = evaluator.metrics
    metric.process({}, [dict(pred_score=torch.tensor([0.5, 0.5]), gt_label=torch.tensor([1]))])
    metric.evaluate(1)

    with np.load(tmp_path / 'predictions.npz') as file:
        assert file['labels'].tolist() == [1]
