_base_ = [
    '../../../configs/fdsr/_base_.py',
    './_base_/scenes-det.py',
    './_base_/edsr_x4.py',
    './_base_/recipe.py',
    './_base_/runtime.py',
]
model = dict(
    scale=4,
    sr_net=_base_.sr_net,
    init_from=dict(sr_net=_base_.sr_init_x4, task_net=_base_.task_init),
    task_net=_base_.task_net,
)
optim_wrapper = dict(sr_net=_base_.sr_optim)
param_scheduler = dict(sr_net=_base_.schedule)
val_evaluator = [*_base_.val_evaluator, dict(type='sr4ir_mm.FSIM')]
test_evaluator = val_evaluator
train_cfg = dict(max_epochs=_base_.epochs)
