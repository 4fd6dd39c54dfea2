_base_ = [
    './_base_.py',
    '../_base_/models/resnet18-crops_tiny.py',
    '../_base_/models/edsr-tiny_x4.py',
    '../_base_/datasets/sample_crops.py',
    '../_base_/schedules/sample.py',
    '../_base_/default_runtime.py',
]
model = dict(scale=4, sr_net=_base_.sr_net, task_net=_base_.task_net, phases=_base_.phases)
optim_wrapper = dict(
    sr_net=_base_.sr_optim, task_net=_base_.task_optim, discriminator=_base_.task_optim
)
param_scheduler = dict.fromkeys(('sr_net', 'task_net', 'discriminator'), _base_.schedule)
