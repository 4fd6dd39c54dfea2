_base_ = [
    './_base_.py',
    '../_base_/models/faster-rcnn_tiny.py',
    '../_base_/datasets/sample_detection.py',
    '../_base_/schedules/sample.py',
    '../_base_/default_runtime.py',
]
model = dict(
    scale=4,
    task_net=_base_.task_net,
    init_from=dict(task_net='work_dirs/h2t/faster-rcnn-tiny_sample/epoch_20.pth'),
)
optim_wrapper = dict(task_net=_base_.task_optim)
param_scheduler = dict(task_net=_base_.schedule)
