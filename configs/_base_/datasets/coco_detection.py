# COCO 2017 train -> val at native size, otherwise as VOC.
_base_ = './voc_detection.py'
data_set = 'coco'
data_root = 'data/coco/'
data_help = 'download COCO 2017 and unpack it in data/coco (docs/prepare_data.md)'
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='mmdet.CocoDataset',
        data_root=data_root,
        ann_file='annotations/instances_train2017.json',
        data_prefix=dict(img='train2017/'),
        filter_cfg=dict(filter_empty_gt=True, min_size=32),
        pipeline=_base_.train_pipeline,
    )
)
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='mmdet.CocoDataset',
        data_root=data_root,
        ann_file='annotations/instances_val2017.json',
        data_prefix=dict(img='val2017/'),
        test_mode=True,
        pipeline=_base_.test_pipeline,
    )
)
test_dataloader = val_dataloader
task_evaluator = [
    dict(
        type='mmdet.CocoMetric',
        ann_file='data/coco/annotations/instances_val2017.json',
        metric='bbox',
    )
]
val_evaluator = [*task_evaluator, *_base_.image_evaluator]
test_evaluator = val_evaluator
