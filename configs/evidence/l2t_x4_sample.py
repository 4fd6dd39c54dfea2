_base_ = [
    '../l2t/_base_.py',
    '../_base_/datasets/sample_detection.py',
    '../_base_/models/faster-rcnn_tiny.py',
    './_base_/recipe.py',
    './_base_/runtime.py',
]
model = dict(
    scale=4,
    init_from=dict(task_net='work_dirs/init_task-net_sample/epoch_24.pth'),
    task_net=_base_.task_net,
)
optim_wrapper = dict(task_net=_base_.task_optim)
param_scheduler = dict(task_net=_base_.schedule)
train_cfg = dict(max_epochs=8)
