# SR4IR on LR images from files.
_base_ = [
    './_base_.py',
    '../_base_/models/resnet18_tiny.py',
    '../_base_/models/subpixel-tiny_x8.py',
    '../_base_/datasets/hand_signs_pairs.py',
    '../_base_/schedules/sample.py',
    '../_base_/default_runtime.py',
]
weights = 'demo/weights/init/'
init = dict(
    sr_net=f'{weights}sr_x8_hand-signs-e032c639.pth',
    task_net=f'{weights}h2t_hand-signs-d49d0dff.pth',
)
model = dict(scale=8, sr_net=_base_.sr_net, init_from=init, **_base_.task_options)
optim_wrapper = dict(sr_net=_base_.sr_optim, task_net=_base_.task_optim)
param_scheduler = dict(sr_net=_base_.schedule, task_net=_base_.schedule)
