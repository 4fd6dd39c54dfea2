_base_ = [
    './_base_/scenes-det.py',
    '../../../configs/_base_/models/bicubic_x4.py',
    '../../../configs/_base_/schedules/evaluation.py',
    './_base_/runtime.py',
]
model = dict(
    scale=4,
    sr_net=dict(_base_.sr_net, scale=4),
    degradation=dict(antialias=False),
    init_from=dict(task_net=_base_.task_init),
    task_net=_base_.task_net,
)
train_dataloader = None
val_evaluator = [*_base_.val_evaluator, dict(type='sr4ir_mm.FSIM')]
test_evaluator = val_evaluator
