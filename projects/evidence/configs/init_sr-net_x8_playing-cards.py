# The SR network of all sets, tuned to the pixels of this one.
_base_ = [
    '../../../configs/sr/_base_.py',
    './_base_/playing-cards.py',
    './_base_/edsr_x8.py',
    './_base_/recipe.py',
    './_base_/runtime.py',
]
model = dict(
    scale=8,
    sr_net=_base_.sr_net,
    init_from=dict(sr_net=_base_.sr_init),
    task_net=_base_.task_net,
)
optim_wrapper = dict(sr_net=_base_.sr_optim)
param_scheduler = dict(sr_net=_base_.schedule)
val_evaluator = _base_.image_evaluator
test_evaluator = val_evaluator
train_cfg = dict(max_epochs=16, val_interval=16)
