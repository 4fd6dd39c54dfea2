# VOC 2012 segmentation, train -> val without SBD: short side 520, crops of 480; evaluated whole at short side 520, the
# label map resized too. For the paper's tables: --cfg-options test_evaluator.2.type=sr4ir_mm.LPIPS (needs VGG weights).
default_scope = 'mmseg'
data_set = 'voc2012-seg'
data_root = 'data/VOCdevkit/VOC2012/'
data_help = 'download VOCtrainval_11-May-2012.tar and unpack it in data/ (docs/prepare_data.md)'
train_pipeline = [
    dict(type='sr4ir_mm.LoadImage'),
    dict(type='mmseg.LoadAnnotations'),
    dict(type='sr4ir_mm.ResizeShortSide', side=520),
    dict(type='mmseg.RandomCrop', crop_size=(480, 480)),
    dict(type='mmseg.RandomFlip', prob=0.5),
    dict(type='mmseg.PackSegInputs'),
]
test_pipeline = [
    dict(type='sr4ir_mm.LoadImage'),
    dict(type='mmseg.LoadAnnotations'),
    dict(type='sr4ir_mm.ResizeShortSide', side=520, as_original=True),
    dict(type='mmseg.PackSegInputs'),
]
train_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    pin_memory=True,
    worker_init_fn=dict(type='sr4ir_mm.seed_worker'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='mmseg.PascalVOCDataset',
        data_root=data_root,
        data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClass'),
        ann_file='ImageSets/Segmentation/train.txt',
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    pin_memory=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='mmseg.PascalVOCDataset',
        data_root=data_root,
        data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClass'),
        ann_file='ImageSets/Segmentation/val.txt',
        test_mode=True,
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader
task_evaluator = [dict(type='mmseg.IoUMetric', iou_metrics=['mIoU'])]
image_evaluator = [
    dict(type='sr4ir_mm.PSNR', crop_border=8),
    dict(type='sr4ir_mm.SSIM', crop_border=8),
]
val_evaluator = [*task_evaluator, *image_evaluator]
test_evaluator = val_evaluator
visualizer = dict(
    type='mmseg.SegLocalVisualizer',
    vis_backends=[dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')],
)
