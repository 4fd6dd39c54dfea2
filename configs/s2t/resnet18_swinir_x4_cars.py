_base_ = [
    './_base_.py',
    '../_base_/models/resnet18_cars.py',
    '../_base_/models/swinir_x4.py',
    '../_base_/datasets/cars.py',
    '../_base_/schedules/classification.py',
    '../_base_/default_runtime.py',
]
model = dict(
    scale=4,
    sr_net=_base_.sr_net,
    init_from=dict(sr_net='work_dirs/sr/swinir_x4_cars/epoch_200.pth'),
    **_base_.task_options,
)
optim_wrapper = dict(task_net=_base_.task_optim)
param_scheduler = dict(task_net=_base_.task_schedule)
randomness = dict(seed=200)
