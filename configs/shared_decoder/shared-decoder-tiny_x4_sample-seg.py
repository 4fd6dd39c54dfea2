# Without the perceptual loss, whose VGG19 would have to be downloaded.
_base_ = [
    './_base_.py',
    '../_base_/models/fcn_tiny.py',
    '../_base_/models/shared-decoder-tiny_x4.py',
    '../_base_/datasets/sample_segmentation.py',
    '../_base_/schedules/sample.py',
    '../_base_/default_runtime.py',
]
phases = [dict(_base_.model.phases[0], perceptual=None), _base_.model.phases[1]]
discriminator = dict(mid_channels=16)
model = dict(
    scale=4, sr_net=_base_.sr_net, phases=phases, discriminator=discriminator, **_base_.task_options
)
optim_wrapper = dict(sr_net=_base_.sr_optim, discriminator=_base_.sr_optim)
param_scheduler = dict(sr_net=_base_.schedule, discriminator=_base_.schedule)
val_evaluator = _base_.image_evaluator
test_evaluator = _base_.image_evaluator
default_hooks = dict(checkpoint=dict(save_best='sr/psnr', rule='greater'))
