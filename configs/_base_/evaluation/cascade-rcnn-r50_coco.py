# Cascade R-CNN R50-FPN, 1x, of mmdet's zoo.
from mmengine import Config

_base_ = ['../datasets/coco.py', '../schedules/evaluation.py', '../default_runtime.py']
zoo = "_base_ = 'mmdet::cascade_rcnn/cascade-rcnn_r50_fpn_1x_coco.py'"
model = dict(
    task_net=Config.fromstring(zoo, '.py').model,
    adapter=_base_.adapter,
    init_from=dict(
        task_net='https://download.openmmlab.com/mmdetection/v2.0/'
        'cascade_rcnn/cascade_rcnn_r50_fpn_1x_coco/cascade_rcnn_r50_fpn_1x_coco_20200316-3dc56deb.pth'
    ),
)
del Config
