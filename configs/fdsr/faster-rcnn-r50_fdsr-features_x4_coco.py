_base_ = ['../_base_/evaluation/faster-rcnn-r50_coco.py', '../_base_/models/fdsr_x4.py']
model = dict(
    sr_net=_base_.sr_net,
    init_from=dict(sr_net=_base_.sr_weights.replace('dbpn_x4', 'dbpn-features_x4')),
)
