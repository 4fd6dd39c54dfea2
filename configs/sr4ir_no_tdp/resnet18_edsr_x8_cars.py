_base_ = [
    './_base_.py',
    '../_base_/models/resnet18_cars.py',
    '../_base_/models/edsr_x8.py',
    '../_base_/datasets/cars.py',
    '../_base_/schedules/classification.py',
    '../_base_/default_runtime.py',
]
model = dict(
    scale=8,
    sr_net=_base_.sr_net,
    init_from=dict(sr_net=_base_.sr_weights),
    **_base_.task_options,
)
optim_wrapper = dict(sr_net=_base_.sr_optim, task_net=_base_.task_optim)
param_scheduler = dict(sr_net=_base_.sr_schedule_no_tdp, task_net=_base_.task_schedule_no_tdp)
randomness = dict(seed=200)
