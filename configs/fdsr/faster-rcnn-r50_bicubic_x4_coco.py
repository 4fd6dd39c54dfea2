_base_ = ['../_base_/evaluation/faster-rcnn-r50_coco.py', '../_base_/models/bicubic_x4.py']
model = dict(sr_net=_base_.sr_net)
