# CamVid (camvid.py) at 240 x 180 px, where its thin classes have pixels, and a network that keeps a fourth of the
# resolution. Not made from that file, since configs are three levels deep at most.
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
resize = dict(type='sr4ir_mm.ResizeShortSide', side=180, as_original=True)
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
# Square roots of median frequency over frequency in the training labels: thin classes are not learned without. mmseg
# looks the weight of void pixels up, too, though they have no loss; hence a twelfth output, which nothing trains.
class_weight = [0.53, 0.45, 2.17, 0.39, 1.0, 0.66, 1.97, 1.41, 0.89, 2.45, 3.09, 1.0]
task_net = dict(
    data_preprocessor=dict(seg_pad_val=void, size=(180, 240)),
    backbone=dict(strides=(2, 2, 1, 1), dilations=(1, 1, 2, 4)),
    decode_head=dict(
        channels=64,
        num_classes=12,
        ignore_index=void,
        loss_decode=dict(class_weight=class_weight),
    ),
)
task_options = dict(task_net=task_net)
sr_epochs = 40
sr_init_x4 = 'work_dirs/init_sr-net_x4_camvid-240/epoch_40.pth'
task_init = 'work_dirs/init_task-net_camvid-240/epoch_40.pth'
init_epochs = 40
epochs = 4
