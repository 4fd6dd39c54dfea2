# The DeepLabV3 of the VOC configs with the classes of COCO-Stuff.
_base_ = './deeplabv3_mobilenetv3.py'
classes = dict(decode_head=dict(num_classes=171), auxiliary_head=dict(num_classes=171))
task_net = classes
task_options = dict(task_net=classes)
