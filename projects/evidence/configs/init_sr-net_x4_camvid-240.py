# The SR rung: pixels of the set's training images. Every method with an SR network starts from it.
_base_ = [
    '../../../configs/sr/_base_.py',
    './_base_/camvid-240.py',
    './_base_/edsr_x4.py',
    './_base_/recipe.py',
    './_base_/runtime.py',
]
model = dict(scale=4, sr_net=_base_.sr_net, **_base_.task_options)
optim_wrapper = dict(sr_net=dict(_base_.sr_optim, optimizer=dict(type='AdamW', lr=1e-3)))
param_scheduler = dict(sr_net=_base_.schedule)
val_evaluator = _base_.image_evaluator
test_evaluator = val_evaluator
train_cfg = dict(max_epochs=_base_.sr_epochs, val_interval=_base_.sr_epochs)
