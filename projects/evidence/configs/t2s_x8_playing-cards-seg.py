_base_ = [
    '../../../configs/t2s/_base_.py',
    './_base_/playing-cards-seg.py',
    './_base_/edsr_x8.py',
    './_base_/recipe.py',
    './_base_/runtime.py',
]
model = dict(
    scale=8,
    sr_net=_base_.sr_net,
    init_from=dict(
        sr_net=_base_.sr_init_x8, task_net='work_dirs/h2t_playing-cards-seg/epoch_8.pth'
    ),
    **_base_.task_options,
)
optim_wrapper = dict(sr_net=_base_.sr_optim)
param_scheduler = dict(sr_net=_base_.schedule)
train_cfg = dict(max_epochs=_base_.epochs)
