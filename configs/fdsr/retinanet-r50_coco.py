_base_ = '../_base_/evaluation/retinanet-r50_coco.py'
model = dict(test_cfg=dict(image='hr'))
val_evaluator = _base_.task_evaluator
test_evaluator = _base_.task_evaluator
