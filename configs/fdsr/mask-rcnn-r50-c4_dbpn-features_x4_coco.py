_base_ = [
    './_base_.py',
    '../_base_/models/mask-rcnn-r50-c4.py',
    '../_base_/models/dbpn_x4.py',
    '../_base_/datasets/coco_large.py',
    '../_base_/schedules/dbpn.py',
    '../_base_/default_runtime.py',
]
model = dict(
    phases=[dict(type='sr4ir_mm.SRPhase', tdp=dict(weight=1.0, criterion='mse'))],
    scale=4,
    sr_net=_base_.sr_net,
    task_net=_base_.task_net,
    degradation=dict(antialias=True),
    init_from=dict(sr_net=_base_.sr_weights, task_net=_base_.task_weights),
    test_cfg=dict(predict_task=False),
)
optim_wrapper = dict(sr_net=_base_.sr_optim)
param_scheduler = dict(sr_net=_base_.sr_schedule)
default_hooks = dict(checkpoint=dict(save_best='sr/psnr', rule='greater'))
