# The EDSR baseline on DIV2K from nothing; the tiny classifier only lends its preprocessing.
_base_ = [
    './_base_.py',
    '../_base_/models/resnet18_tiny.py',
    '../_base_/models/edsr_x8.py',
    '../_base_/datasets/div2k_x8.py',
    '../_base_/schedules/div2k.py',
    '../_base_/default_runtime.py',
]
model = dict(scale=8, sr_net=_base_.sr_net, **_base_.task_options)
optim_wrapper = dict(sr_net=_base_.sr_optim)
param_scheduler = dict(sr_net=_base_.sr_schedule)
default_hooks = dict(checkpoint=_base_.checkpoint)
log_processor = dict(by_epoch=False)
