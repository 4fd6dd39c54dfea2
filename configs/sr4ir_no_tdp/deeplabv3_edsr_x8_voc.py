_base_ = [
    './_base_.py',
    '../_base_/models/deeplabv3_mobilenetv3.py',
    '../_base_/models/edsr_x8.py',
    '../_base_/datasets/voc_segmentation.py',
    '../_base_/schedules/voc_segmentation.py',
    '../_base_/default_runtime.py',
]
model = dict(
    scale=8,
    sr_net=_base_.sr_net,
    init_from=dict(sr_net=_base_.sr_weights),
    **_base_.task_options,
)
optim_wrapper = dict(sr_net=_base_.sr_optim, task_net=_base_.task_optim)
# SR4IR's restart, though no loss begins there.
param_scheduler = dict(
    sr_net=[dict(_base_.sr_schedule_sr4ir[0], restart=0.1)],
    task_net=[dict(_base_.task_schedule_sr4ir[0], restart=0.1)],
)
default_hooks = dict(checkpoint=dict(save_best='mIoU'))
randomness = dict(seed=200)
