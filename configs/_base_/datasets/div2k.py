# DIV2K for an SR network alone: crops of 192 px of the 800 training images, the 100 validation images whole. There is no
# task: images come without labels.
_base_ = './cars.py'
data_set = 'div2k'
data_root = 'data/DIV2K/'
data_help = 'download DIV2K and unpack it in data/DIV2K (docs/prepare_data.md)'
train_pipeline = [
    dict(type='sr4ir_mm.LoadImage'),
    dict(type='mmpretrain.RandomCrop', crop_size=192),
    dict(type='mmpretrain.RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='mmpretrain.RandomFlip', prob=0.5, direction='vertical'),
    dict(type='mmpretrain.PackInputs'),
]
test_pipeline = [dict(type='sr4ir_mm.LoadImage'), dict(type='mmpretrain.PackInputs')]
images = dict(data_root=data_root, with_label=False)
train_dataloader = dict(
    batch_size=16, dataset=dict(**images, data_prefix='DIV2K_train_HR', pipeline=train_pipeline)
)
val_dataloader = dict(
    batch_size=1, dataset=dict(**images, data_prefix='DIV2K_valid_HR', pipeline=test_pipeline)
)
test_dataloader = val_dataloader
val_evaluator = _base_.image_evaluator
test_evaluator = _base_.image_evaluator
