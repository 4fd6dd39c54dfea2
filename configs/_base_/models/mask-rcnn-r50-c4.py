# Mask R-CNN R50-C4 of mmdet's zoo. Its backbone ends with res4 (1024 channels, stride 16), which is what FDSR compares.
from mmengine import Config

zoo = "_base_ = 'mmdet::mask_rcnn/mask-rcnn_r50-caffe-c4_1x_coco.py'"
task_net = Config.fromstring(zoo, '.py').model
task_net.backbone.init_cfg = None
del Config
task_weights = 'checkpoints/mask_rcnn_r50_caffe_c4_1x_coco.pth'
task_weights_help = {
    'mask_rcnn_r50_caffe_c4': "train mmdet's mask_rcnn/mask-rcnn_r50-caffe-c4_1x_coco.py, for which its zoo has no "
    'weights, or name those of its Faster R-CNN R50-C4 with --cfg-options model.init_from.task_net=URL '
    '(docs/prepare_data.md)'
}
