_base_ = [
    '../_base_/datasets/voc07.py',
    '../_base_/models/ssd300_voc07.py',
    '../_base_/schedules/evaluation.py',
    '../_base_/default_runtime.py',
]
train_dataloader = None
model = dict(
    task_net=_base_.task_net,
    init_from=dict(task_net=_base_.task_weights),
    test_cfg=dict(image='hr'),
)
val_evaluator = _base_.task_evaluator
test_evaluator = _base_.task_evaluator
