# The playing cards' boxes, filled, as label maps: long side 256 px, trained on crops. What a card is, is told by small
# symbols in its corners.
_base_ = [
    '../../../../configs/_base_/datasets/voc_segmentation.py',
    '../../../../configs/_base_/models/fcn_tiny.py',
]
data_root = 'data/'
data_help = 'see docs/prepare_data.md, "The sets of the evidence ladder"'
classes = ('background', 'nine', 'ten', 'jack', 'queen', 'king', 'ace')
resize = dict(type='mmseg.Resize', scale=(256, 256), keep_ratio=True, backend='pillow')
train_pipeline = [
    dict(type='sr4ir_mm.LoadImage'),
    dict(type='mmseg.LoadAnnotations'),
    resize,
    dict(type='mmseg.RandomCrop', crop_size=(144, 144)),
    dict(type='mmseg.RandomFlip', prob=0.5),
    dict(type='mmseg.PackSegInputs'),
]
# Evaluated at the size of the label maps, long side 504.
test_pipeline = [train_pipeline[0], resize, train_pipeline[1], train_pipeline[-1]]
cards = dict(
    _delete_=True,
    type='mmseg.BaseSegDataset',
    data_root=data_root,
    data_prefix=dict(img_path='playing_cards/JPEGImages', seg_map_path='playing_cards_labels'),
    metainfo=dict(classes=classes),
)
lists = 'playing_cards/ImageSets/Main/'
train_dataloader = dict(
    batch_size=8,
    num_workers=0,
    persistent_workers=False,
    dataset=dict(cards, ann_file=f'{lists}train.txt', pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=0,
    dataset=dict(cards, ann_file=f'{lists}val.txt', test_mode=True, pipeline=test_pipeline),
)
test_dataloader = val_dataloader
task_evaluator = [dict(type='mmseg.IoUMetric', iou_metrics=['mIoU'])]
val_evaluator = [*task_evaluator, *_base_.image_evaluator]
test_evaluator = val_evaluator
task_net = dict(
    data_preprocessor=dict(size=(144, 144)),
    decode_head=dict(channels=64, num_classes=len(classes)),
)
task_options = dict(task_net=task_net)
sr_init_x8 = 'work_dirs/init_sr-net_x8_playing-cards/epoch_80.pth'
task_init = 'work_dirs/init_task-net_playing-cards-seg/epoch_40.pth'
init_epochs = 40
epochs = 8
