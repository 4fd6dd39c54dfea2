# Also the TDSR row of FDSR's Table 3. Its length is a guess; no paper states it.
_base_ = [
    './_base_.py',
    '../_base_/models/ssd300_voc07.py',
    '../_base_/models/dbpn_x4.py',
    '../_base_/datasets/voc07.py',
    '../_base_/schedules/dbpn.py',
    '../_base_/default_runtime.py',
]
model = dict(
    scale=4,
    sr_net=_base_.sr_net,
    task_net=_base_.task_net,
    degradation=dict(antialias=True),
    init_from=dict(sr_net=_base_.sr_weights, task_net=_base_.task_weights),
)
optim_wrapper = dict(sr_net=_base_.sr_optim)
param_scheduler = dict(sr_net=_base_.sr_schedule)
train_cfg = dict(max_epochs=160)
