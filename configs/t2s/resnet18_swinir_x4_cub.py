_base_ = [
    './_base_.py',
    '../_base_/models/resnet18_cub.py',
    '../_base_/models/swinir_x4.py',
    '../_base_/datasets/cub.py',
    '../_base_/schedules/classification.py',
    '../_base_/default_runtime.py',
]
model = dict(
    scale=4,
    sr_net=_base_.sr_net,
    init_from=dict(sr_net=_base_.sr_weights, task_net='work_dirs/h2t/resnet18_cub/epoch_200.pth'),
    **_base_.task_options,
)
optim_wrapper = dict(sr_net=_base_.sr_optim)
param_scheduler = dict(sr_net=_base_.sr_schedule)
randomness = dict(seed=200)
