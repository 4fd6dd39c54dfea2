# Playing cards, told apart by small symbols: long side 256 px, where a card is some 80 px tall; trained on crops.
_base_ = [
    '../../../../configs/_base_/datasets/voc_detection.py',
    '../../../../configs/_base_/models/faster-rcnn_tiny.py',
]
data_root = 'data/playing_cards/'
data_help = 'see docs/prepare_data.md, "The sets of the evidence ladder"'
classes = ('nine', 'ten', 'jack', 'queen', 'king', 'ace')
resize = dict(type='mmdet.Resize', scale=(256, 256), keep_ratio=True, backend='pillow')
train_pipeline = [
    dict(type='sr4ir_mm.LoadImage'),
    dict(type='mmdet.LoadAnnotations', with_bbox=True),
    resize,
    dict(type='mmdet.RandomCrop', crop_size=(160, 160), allow_negative_crop=True),
    dict(type='mmdet.RandomFlip', prob=0.5),
    dict(type='mmdet.PackDetInputs', meta_keys=_base_.meta_keys[:-1]),
]
test_pipeline = [
    dict(type='sr4ir_mm.LoadImage'),
    resize,
    dict(type='mmdet.LoadAnnotations', with_bbox=True),
    dict(type='mmdet.PackDetInputs', meta_keys=_base_.meta_keys),
]
cards = dict(data_root=data_root, metainfo=dict(classes=classes))
train_dataloader = dict(
    batch_size=8,
    num_workers=0,
    persistent_workers=False,
    dataset=dict(cards, pipeline=train_pipeline),
)
val_dataloader = dict(batch_size=8, num_workers=0, dataset=dict(cards, pipeline=test_pipeline))
test_dataloader = val_dataloader
# Symbols on a card need a finer grid than the textures that this network is made for.
grid = 7
task_net = dict(
    roi_head=dict(
        bbox_roi_extractor=dict(roi_layer=dict(output_size=grid, sampling_ratio=2)),
        bbox_head=dict(num_classes=6, roi_feat_size=grid),
    )
)
sr_epochs = 80
sr_init_x4 = 'work_dirs/init_sr-net_x4_playing-cards/epoch_80.pth'
sr_init_x8 = 'work_dirs/init_sr-net_x8_playing-cards/epoch_80.pth'
task_init = 'work_dirs/init_task-net_playing-cards/epoch_30.pth'
init_epochs = 30
epochs = 6
# Where more is lost, the SR network has more to learn.
epochs_x8 = 12
