# CamVid, every third image of the 11-class set: 160 x 120 px, evaluated at this size.
_base_ = [
    '../../../../configs/_base_/datasets/voc_segmentation.py',
    '../../../../configs/_base_/models/fcn_tiny.py',
]
data_root = 'data/camvid/'
data_help = 'see docs/prepare_data.md, "The sets of the evidence ladder"'
classes = (
    *('Sky', 'Building', 'Pole', 'Road', 'Pavement', 'Tree', 'SignSymbol', 'Fence', 'Car'),
    *('Pedestrian', 'Bicyclist'),
)
void = 11
resize = dict(type='sr4ir_mm.ResizeShortSide', side=120, as_original=True)
train_pipeline = [
    dict(type='sr4ir_mm.LoadImage'),
    dict(type='mmseg.LoadAnnotations'),
    resize,
    dict(type='mmseg.RandomFlip', prob=0.5),
    dict(type='mmseg.PackSegInputs'),
]
test_pipeline = [*train_pipeline[:3], train_pipeline[4]]
camvid = dict(
    _delete_=True, type='mmseg.BaseSegDataset', data_root=data_root, metainfo=dict(classes=classes)
)
train_dataloader = dict(
    batch_size=2,
    num_workers=0,
    persistent_workers=False,
    dataset=dict(
        camvid,
        data_prefix=dict(img_path='images/train', seg_map_path='labels/train'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=8,
    num_workers=0,
    dataset=dict(
        camvid,
        data_prefix=dict(img_path='images/test', seg_map_path='labels/test'),
        test_mode=True,
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader
task_evaluator = [dict(type='mmseg.IoUMetric', iou_metrics=['mIoU'], ignore_index=void)]
val_evaluator = [*task_evaluator, *_base_.image_evaluator]
test_evaluator = val_evaluator
task_net = dict(
    data_preprocessor=dict(seg_pad_val=void, size=(120, 160)),
    decode_head=dict(channels=64, num_classes=len(classes), ignore_index=void),
)
task_options = dict(task_net=task_net)
sr_epochs = 60
sr_init_x8 = 'work_dirs/init_sr-net_x8_camvid/epoch_60.pth'
task_init = 'work_dirs/init_task-net_camvid/epoch_80.pth'
init_epochs = 80
epochs = 12
