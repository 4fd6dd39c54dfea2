# The SR network that every method starts from: pixels of all sets' training images at the sizes their tasks use.
_base_ = [
    '../../../configs/sr/_base_.py',
    './_base_/all.py',
    './_base_/edsr_x8.py',
    './_base_/recipe.py',
    './_base_/runtime.py',
]
model = dict(scale=8, sr_net=_base_.sr_net, task_net=_base_.task_net)
optim_wrapper = dict(sr_net=dict(_base_.sr_optim, optimizer=dict(type='AdamW', lr=1e-3)))
param_scheduler = dict(sr_net=_base_.schedule)
train_cfg = dict(max_epochs=16, val_interval=4)
