_base_ = [
    './_base_.py',
    '../_base_/models/faster-rcnn_mobilenetv3.py',
    '../_base_/models/edsr_x4.py',
    '../_base_/datasets/voc_detection.py',
    '../_base_/schedules/voc_detection.py',
    '../_base_/default_runtime.py',
]
model = dict(
    scale=4,
    sr_net=_base_.sr_net,
    init_from=dict(sr_net=_base_.sr_weights, task_net='work_dirs/h2t/faster-rcnn_voc/epoch_30.pth'),
    **_base_.task_options,
)
optim_wrapper = dict(sr_net=_base_.sr_optim, task_net=_base_.task_optim)
param_scheduler = dict(sr_net=_base_.sr_schedule_plus, task_net=_base_.task_schedule_plus)
