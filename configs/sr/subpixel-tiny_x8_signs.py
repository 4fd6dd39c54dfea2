_base_ = [
    './_base_.py',
    '../_base_/models/resnet18_tiny.py',
    '../_base_/models/subpixel-tiny_x8.py',
    '../_base_/datasets/hand_signs.py',
    '../_base_/schedules/sample.py',
    '../_base_/default_runtime.py',
]
model = dict(scale=8, sr_net=_base_.sr_net, **_base_.task_options)
optim_wrapper = dict(sr_net=_base_.sr_optim)
param_scheduler = dict(sr_net=_base_.schedule)
val_evaluator = _base_.image_evaluator
test_evaluator = _base_.image_evaluator
default_hooks = dict(checkpoint=dict(save_best='sr/psnr', rule='greater'))
train_cfg = dict(max_epochs=40)
