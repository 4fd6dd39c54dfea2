# VOC 2012 train -> val at native size: LR images are made from what is loaded, the detector enlarges SR images itself.
default_scope = 'mmdet'
data_set = 'voc2012-det'
data_root = 'data/VOCdevkit/VOC2012/'
data_help = 'download VOCtrainval_11-May-2012.tar and unpack it in data/ (docs/prepare_data.md)'
meta_keys = (
    'img_id',
    'img_path',
    'ori_shape',
    'img_shape',
    'scale_factor',
    'flip',
    'flip_direction',
    'instances',
)
train_pipeline = [
    dict(type='sr4ir_mm.LoadImage'),
    dict(type='mmdet.LoadAnnotations', with_bbox=True),
    dict(type='mmdet.RandomFlip', prob=0.5),
    dict(type='mmdet.PackDetInputs', meta_keys=meta_keys[:-1]),
]
test_pipeline = [
    dict(type='sr4ir_mm.LoadImage'),
    dict(type='mmdet.LoadAnnotations', with_bbox=True),
    dict(type='mmdet.PackDetInputs', meta_keys=meta_keys),
]
train_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    pin_memory=True,
    worker_init_fn=dict(type='sr4ir_mm.seed_worker'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    batch_sampler=dict(type='sr4ir_mm.AspectRatioBatchSampler', drop_last=True),
    dataset=dict(
        type='sr4ir_mm.VOCFormatDataset',
        data_root=data_root,
        ann_file='ImageSets/Main/train.txt',
        data_prefix=dict(sub_data_root=''),
        metainfo=dict(),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    pin_memory=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='sr4ir_mm.VOCFormatDataset',
        data_root=data_root,
        ann_file='ImageSets/Main/val.txt',
        data_prefix=dict(sub_data_root=''),
        metainfo=dict(),
        test_mode=True,
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader
image_evaluator = [
    dict(type='sr4ir_mm.PSNR', crop_border=8),
    dict(type='sr4ir_mm.SSIM', crop_border=8),
]
task_evaluator = [dict(type='mmdet.CocoMetric', metric='bbox')]
val_evaluator = [*task_evaluator, *image_evaluator]
test_evaluator = val_evaluator
visualizer = dict(
    type='mmdet.DetLocalVisualizer',
    vis_backends=[dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')],
)
