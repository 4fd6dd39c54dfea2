_base_ = [
    '../../../configs/l2t/_base_.py',
    './_base_/playing-cards-seg.py',
    './_base_/recipe.py',
    './_base_/runtime.py',
]
model = dict(scale=8, init_from=dict(task_net=_base_.task_init), **_base_.task_options)
optim_wrapper = dict(task_net=_base_.task_optim)
param_scheduler = dict(task_net=_base_.schedule)
train_cfg = dict(max_epochs=_base_.epochs)
