# Faster R-CNN R101-FPN, 2x, of mmdet's zoo.
from mmengine import Config

_base_ = ['../datasets/coco.py', '../schedules/evaluation.py', '../default_runtime.py']
zoo = "_base_ = 'mmdet::faster_rcnn/faster-rcnn_r101_fpn_2x_coco.py'"
model = dict(
    task_net=Config.fromstring(zoo, '.py').model,
    adapter=_base_.adapter,
    init_from=dict(
        task_net='https://download.openmmlab.com/mmdetection/v2.0/'
        'faster_rcnn/faster_rcnn_r101_fpn_2x_coco/faster_rcnn_r101_fpn_2x_coco_bbox_mAP-0.398_20200504_210455-1d2dac9c.pth'
    ),
)
del Config
