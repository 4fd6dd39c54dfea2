_base_ = [
    '../../../configs/swt/_base_.py',
    './_base_/camvid-240.py',
    './_base_/edsr_x4.py',
    './_base_/recipe.py',
    './_base_/runtime.py',
]
model = dict(
    scale=4,
    sr_net=_base_.sr_net,
    init_from=dict(sr_net=_base_.sr_init_x4, task_net=_base_.task_init),
    **_base_.task_options,
)
optim_wrapper = dict(sr_net=_base_.sr_optim, task_net=_base_.task_optim)
param_scheduler = dict(sr_net=_base_.schedule, task_net=_base_.schedule)
train_cfg = dict(max_epochs=_base_.epochs)
