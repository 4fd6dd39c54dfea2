_base_ = [
    '../_base_/datasets/voc07.py',
    '../_base_/models/ssd300_voc07.py',
    '../_base_/models/dbpn_x4.py',
    '../_base_/schedules/evaluation.py',
    '../_base_/default_runtime.py',
]
train_dataloader = None
model = dict(
    sr_net=_base_.sr_net,
    task_net=_base_.task_net,
    init_from=dict(sr_net=_base_.sr_weights, task_net=_base_.task_weights),
)
