_base_ = [
    './_base_.py',
    '../_base_/models/deeplabv3_mobilenetv3.py',
    '../_base_/datasets/voc_segmentation_sbd.py',
    '../_base_/schedules/voc_segmentation.py',
    '../_base_/default_runtime.py',
]
model = dict(scale=4, **_base_.task_options)
optim_wrapper = dict(task_net=_base_.task_optim)
param_scheduler = dict(task_net=_base_.task_schedule)
default_hooks = dict(checkpoint=dict(save_best='mIoU'))
randomness = dict(seed=200)
