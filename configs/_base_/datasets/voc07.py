# VOC 2007 for SSD300, trainval -> test: the pipeline makes HR images of 300 x 300 px, as TDSR does; difficult objects
# are ignored, AP is VOC's own over 11 points, and boxes are what it and mmdet's SSD300 take them for.
_base_ = './voc_detection.py'
data_set = 'voc2007'
data_root = 'data/VOCdevkit/VOC2007/'
data_help = (
    'download VOCtrainval_06-Nov-2007.tar and VOCtest_06-Nov-2007.tar and unpack them in data/ '
    '(docs/prepare_data.md)'
)
resize = dict(type='mmdet.Resize', scale=(300, 300), keep_ratio=False)
train_pipeline = [
    dict(type='sr4ir_mm.LoadImage'),
    dict(type='mmdet.LoadAnnotations', with_bbox=True),
    resize,
    dict(type='mmdet.RandomFlip', prob=0.5),
    dict(type='mmdet.PackDetInputs', meta_keys=_base_.meta_keys[:-1]),
]
# Boxes are loaded after the resize: they are judged in the image's own size.
test_pipeline = [
    dict(type='sr4ir_mm.LoadImage'),
    resize,
    dict(type='mmdet.LoadAnnotations', with_bbox=True),
    dict(type='mmdet.PackDetInputs', meta_keys=_base_.meta_keys),
]
voc07 = dict(data_root=data_root, keep_difficult=False, legacy_boxes=True)
train_dataloader = dict(
    batch_size=8,
    batch_sampler=None,
    dataset=dict(voc07, ann_file='ImageSets/Main/trainval.txt', pipeline=train_pipeline),
)
val_dataloader = dict(
    dataset=dict(voc07, ann_file='ImageSets/Main/test.txt', pipeline=test_pipeline)
)
test_dataloader = val_dataloader
image_evaluator = [dict(type='sr4ir_mm.PSNR'), dict(type='sr4ir_mm.FSIM')]
task_evaluator = [dict(type='mmdet.VOCMetric', metric='mAP', eval_mode='11points')]
val_evaluator = [*task_evaluator, *image_evaluator]
test_evaluator = val_evaluator
