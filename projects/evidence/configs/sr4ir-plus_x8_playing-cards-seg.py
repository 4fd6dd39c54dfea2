_base_ = [
    '../../../configs/sr4ir_plus/_base_.py',
    './_base_/playing-cards-seg.py',
    './_base_/edsr_x8.py',
    './_base_/recipe.py',
    './_base_/runtime.py',
]
model = dict(
    scale=8,
    sr_net=_base_.sr_net,
    init_from=dict(sr_net=_base_.sr_init_x8, task_net=_base_.task_init),
    **_base_.task_options,
)
optim_wrapper = dict(sr_net=_base_.sr_optim, task_net=_base_.task_optim)
param_scheduler = dict(sr_net=_base_.sr_schedule_plus, task_net=_base_.task_schedule_plus)
train_cfg = dict(max_epochs=_base_.epochs)
