# D-DBPN as FDSR leaves it.
_base_ = './dbpn_x4.py'
sr_weights = 'work_dirs/fdsr/mask-rcnn-r50-c4_dbpn_x4_coco/epoch_800.pth'
