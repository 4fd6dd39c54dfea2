_base_ = [
    '../../../configs/shared_decoder/_base_.py',
    './_base_/mosaics.py',
    '../../../configs/_base_/models/shared-decoder-tiny_x4.py',
    './_base_/recipe.py',
    './_base_/runtime.py',
]
# Without the perceptual loss, whose VGG19 would have to be downloaded; the task network judges the SR images.
model = dict(
    scale=4,
    sr_net=dict(_base_.sr_net, num_classes=3),
    discriminator=dict(mid_channels=16),
    phases=[dict(_base_.model.phases[0], perceptual=None), _base_.model.phases[1]],
    init_from=dict(task_net=_base_.task_init),
    test_cfg=dict(predict_task=True),
    **_base_.task_options,
)
optim_wrapper = dict(sr_net=_base_.sr_optim, discriminator=_base_.sr_optim)
param_scheduler = dict(sr_net=_base_.schedule, discriminator=_base_.schedule)
test_evaluator = val_evaluator = [*_base_.val_evaluator, dict(type='sr4ir_mm.FSIM')]
