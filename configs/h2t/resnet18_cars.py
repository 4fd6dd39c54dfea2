_base_ = [
    './_base_.py',
    '../_base_/models/resnet18_cars.py',
    '../_base_/datasets/cars.py',
    '../_base_/schedules/classification.py',
    '../_base_/default_runtime.py',
]
model = dict(scale=1, **_base_.task_options)
optim_wrapper = dict(task_net=_base_.task_optim)
param_scheduler = dict(task_net=_base_.task_schedule)
val_evaluator = _base_.task_evaluator
test_evaluator = _base_.task_evaluator
randomness = dict(seed=200)
