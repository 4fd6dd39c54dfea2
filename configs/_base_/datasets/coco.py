# COCO val2017 at native size for finished detectors: LR images are made from what is loaded, and SR images are enlarged
# inside the adapter to the size that mmdet's own test pipeline gives.
default_scope = 'mmdet'
data_set = 'coco'
data_root = 'data/coco/'
data_help = (
    'download train2017.zip, val2017.zip and annotations_trainval2017.zip from cocodataset.org and unpack them in '
    'data/coco (docs/prepare_data.md)'
)
adapter = dict(
    type='sr4ir_mm.DetectionAdapter', resize=dict(short=800, long=1333, divisor=32, round=True)
)
test_pipeline = [
    dict(type='sr4ir_mm.LoadImage'),
    dict(
        type='mmdet.PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'),
    ),
]
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    pin_memory=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='mmdet.CocoDataset',
        data_root=data_root,
        ann_file='annotations/instances_val2017.json',
        data_prefix=dict(img='val2017/'),
        test_mode=True,
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader
image_evaluator = [dict(type='sr4ir_mm.PSNR'), dict(type='sr4ir_mm.FSIM')]
task_evaluator = [
    dict(
        type='mmdet.CocoMetric',
        metric='bbox',
        ann_file=data_root + 'annotations/instances_val2017.json',
    )
]
val_evaluator = [*task_evaluator, *image_evaluator]
test_evaluator = val_evaluator
visualizer = dict(
    type='mmdet.DetLocalVisualizer',
    vis_backends=[dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')],
)
