# RetinaNet R50-FPN, 2x, of mmdet's zoo.
from mmengine import Config

_base_ = ['../datasets/coco.py', '../schedules/evaluation.py', '../default_runtime.py']
zoo = "_base_ = 'mmdet::retinanet/retinanet_r50_fpn_2x_coco.py'"
model = dict(
    task_net=Config.fromstring(zoo, '.py').model,
    adapter=_base_.adapter,
    init_from=dict(
        task_net='https://download.openmmlab.com/mmdetection/v2.0/'
        'retinanet/retinanet_r50_fpn_2x_coco/retinanet_r50_fpn_2x_coco_20200131-fdb43119.pth'
    ),
)
del Config
