_base_ = [
    '../../../configs/h2t/_base_.py',
    './_base_/camvid-240.py',
    './_base_/recipe.py',
    './_base_/runtime.py',
]
model = dict(scale=4, init_from=dict(task_net=_base_.task_init), **_base_.task_options)
optim_wrapper = dict(task_net=_base_.task_optim)
param_scheduler = dict(task_net=_base_.schedule)
train_cfg = dict(max_epochs=_base_.epochs)
