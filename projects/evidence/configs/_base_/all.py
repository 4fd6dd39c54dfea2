# Training images of all sets of the ladder in patches of 64 px, without labels, at about the sizes that the tasks use.
# Where a task sees more detail (playing cards x8) or has more images (scenes), init_sr-net_* tunes further.
_base_ = [
    '../../../../configs/_base_/datasets/cars.py',
    '../../../../configs/_base_/models/resnet18_tiny.py',
]
data_help = 'see docs/prepare_data.md, "The sets of the evidence ladder"'
patch = [
    dict(type='mmpretrain.RandomCrop', crop_size=64),
    dict(type='mmpretrain.RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='mmpretrain.PackInputs'),
]
load = dict(type='sr4ir_mm.LoadImage')
short = dict(type='mmpretrain.ResizeEdge', edge='short', backend='pillow')
cards = dict(
    type='sr4ir_mm.VOCFormatDataset',
    data_root='data/playing_cards/',
    ann_file='ImageSets/Main/train.txt',
    data_prefix=dict(sub_data_root=''),
    metainfo=dict(classes=('nine', 'ten', 'jack', 'queen', 'king', 'ace')),
    pipeline=[load, dict(short, scale=120), *patch],
)
scenes = dict(
    type='sr4ir_mm.VOCFormatDataset',
    data_root='data/scenes/VOCdevkit/VOC2012/',
    ann_file='ImageSets/Main/train.txt',
    indices=400,
    data_prefix=dict(sub_data_root=''),
    metainfo=dict(classes=('brick', 'grass', 'gravel')),
    pipeline=[load, *patch],
)
folder = dict(type='mmpretrain.CustomDataset', with_label=False)
camvid = dict(
    folder, data_root='data/camvid/images/train', pipeline=[load, dict(short, scale=120), *patch]
)
clothing = dict(
    folder, data_root='data/clothing/train', pipeline=[load, dict(short, scale=104), *patch]
)
signs = dict(
    folder, data_root='data/sign_digits/train', pipeline=[load, dict(short, scale=70), *patch]
)
train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    dataset=dict(
        _delete_=True,
        type='ConcatDataset',
        datasets=[cards, scenes, camvid, camvid, clothing, signs],
        ignore_keys=['classes', 'dataset_type', 'task_name', 'palette'],
    ),
)
held_out = dict(
    folder,
    data_root='data/clothing/val',
    pipeline=[
        load,
        dict(short, scale=96),
        dict(type='mmpretrain.CenterCrop', crop_size=96),
        dict(type='mmpretrain.PackInputs'),
    ],
)
val_dataloader = dict(batch_size=32, num_workers=0, dataset=dict(held_out, _delete_=True))
test_dataloader = val_dataloader
val_evaluator = _base_.image_evaluator
test_evaluator = val_evaluator
