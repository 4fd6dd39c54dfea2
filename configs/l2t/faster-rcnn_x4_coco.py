_base_ = [
    './_base_.py',
    '../_base_/models/faster-rcnn_mobilenetv3_coco.py',
    '../_base_/datasets/coco_detection.py',
    '../_base_/schedules/voc_detection.py',
    '../_base_/default_runtime.py',
]
model = dict(scale=4, **_base_.task_options)
optim_wrapper = dict(task_net=_base_.task_optim)
param_scheduler = dict(task_net=_base_.task_schedule)
