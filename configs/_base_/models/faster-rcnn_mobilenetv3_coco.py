# The Faster R-CNN of the VOC configs with the classes of COCO.
_base_ = './faster-rcnn_mobilenetv3.py'
classes = dict(roi_head=dict(bbox_head=dict(num_classes=80)))
task_net = classes
task_options = dict(task_net=classes)
