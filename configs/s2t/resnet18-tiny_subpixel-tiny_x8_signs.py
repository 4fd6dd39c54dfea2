_base_ = [
    './_base_.py',
    '../_base_/models/resnet18_tiny.py',
    '../_base_/models/subpixel-tiny_x8.py',
    '../_base_/datasets/hand_signs.py',
    '../_base_/schedules/sample.py',
    '../_base_/default_runtime.py',
]
model = dict(
    scale=8,
    sr_net=_base_.sr_net,
    init_from=dict(
        sr_net='work_dirs/sr/subpixel-tiny_x8_signs/epoch_40.pth',
        task_net='demo/weights/init/h2t_hand-signs-d49d0dff.pth',
    ),
    **_base_.task_options,
)
optim_wrapper = dict(task_net=_base_.task_optim)
param_scheduler = dict(task_net=_base_.schedule)
