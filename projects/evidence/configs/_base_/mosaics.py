# Mosaics of texture cells without background (tools/dataset_converters/make_mosaics.py): only detail tells the classes
# apart, and the network keeps a fourth of the resolution. 96 px, trained on crops.
_base_ = [
    '../../../../configs/_base_/datasets/voc_segmentation.py',
    '../../../../configs/_base_/models/fcn_tiny.py',
]
data_root = 'data/mosaics/'
data_help = 'make it with: python tools/dataset_converters/make_mosaics.py --out data/mosaics'
classes = ('brick', 'grass', 'gravel')
train_pipeline = [
    dict(type='sr4ir_mm.LoadImage'),
    dict(type='mmseg.LoadAnnotations'),
    dict(type='mmseg.RandomCrop', crop_size=(64, 64)),
    dict(type='mmseg.RandomFlip', prob=0.5),
    dict(type='mmseg.PackSegInputs'),
]
test_pipeline = [*train_pipeline[:2], train_pipeline[-1]]
images = dict(data_root=data_root, img_suffix='.png', metainfo=dict(classes=classes))
train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    persistent_workers=False,
    dataset=dict(
        type='mmseg.BaseSegDataset',
        data_prefix=dict(img_path='images/train', seg_map_path='labels/train'),
        pipeline=train_pipeline,
        _delete_=True,
        **images,
    ),
)
answers = dict(
    type='mmseg.BaseSegDataset',
    data_prefix=dict(img_path='images/test', seg_map_path='labels/test'),
    test_mode=True,
    pipeline=test_pipeline,
    **images,
)
val_dataloader = dict(batch_size=20, num_workers=0, dataset=dict(answers, _delete_=True))
test_dataloader = val_dataloader
held_out_dataset = dict(
    answers, data_prefix=dict(img_path='images/held_out', seg_map_path='labels/held_out')
)
task_evaluator = [dict(type='mmseg.IoUMetric', iou_metrics=['mIoU'])]
val_evaluator = [*task_evaluator, *_base_.image_evaluator]
test_evaluator = val_evaluator
task_net = dict(
    data_preprocessor=dict(size=(64, 64), seg_pad_val=255),
    backbone=dict(strides=(2, 2, 1, 1), dilations=(1, 1, 2, 4)),
    decode_head=dict(channels=64, num_classes=len(classes), ignore_index=255),
)
task_options = dict(task_net=task_net)
sr_epochs = 24
sr_init_x4 = 'work_dirs/init_sr-net_x4_mosaics/epoch_24.pth'
task_init = 'work_dirs/init_task-net_mosaics/epoch_24.pth'
init_epochs = 24
epochs = 4
