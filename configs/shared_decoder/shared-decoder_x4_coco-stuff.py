_base_ = [
    './_base_.py',
    '../_base_/models/deeplabv3_mobilenetv3_coco-stuff.py',
    '../_base_/models/shared-decoder_x4.py',
    '../_base_/datasets/coco_stuff.py',
    '../_base_/schedules/shared_decoder.py',
    '../_base_/default_runtime.py',
]
model = dict(scale=4, sr_net=dict(_base_.sr_net, num_classes=171), **_base_.task_options)
optim_wrapper = dict(sr_net=_base_.sr_optim, discriminator=_base_.sr_optim)
param_scheduler = dict(sr_net=_base_.sr_schedule, discriminator=_base_.sr_schedule)
val_evaluator = _base_.image_evaluator
test_evaluator = _base_.image_evaluator
default_hooks = dict(checkpoint=dict(save_best='sr/psnr', rule='greater'))
