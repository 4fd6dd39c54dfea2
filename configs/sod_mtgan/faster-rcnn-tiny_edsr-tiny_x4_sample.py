_base_ = [
    './_base_.py',
    '../_base_/models/faster-rcnn_tiny.py',
    '../_base_/models/edsr-tiny_x4.py',
    '../_base_/datasets/sample_detection.py',
    '../_base_/schedules/sample.py',
    '../_base_/default_runtime.py',
]
init_from = dict(
    sr_net='work_dirs/sr/edsr-tiny_x4_sample/epoch_24.pth',
    task_net='work_dirs/h2t/faster-rcnn-tiny_sample/epoch_20.pth',
)
model = dict(scale=4, sr_net=_base_.sr_net, task_net=_base_.task_net, init_from=init_from)
optim_wrapper = dict(
    sr_net=_base_.sr_optim, task_net=_base_.task_optim, discriminator=_base_.task_optim
)
param_scheduler = dict.fromkeys(('sr_net', 'task_net', 'discriminator'), _base_.schedule)
