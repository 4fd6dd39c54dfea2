# The segmentor's backbone learns the textures on cut-outs first. Three of the ten outputs are used.
_base_ = [
    '../../../configs/h2t/_base_.py',
    './_base_/clothing.py',
    './_base_/recipe.py',
    './_base_/runtime.py',
]
data_root = 'data/mosaics/crops/'
data_help = 'make it with: python tools/dataset_converters/make_mosaics.py --out data/mosaics'
pipeline = [
    dict(type='sr4ir_mm.LoadImage'),
    dict(type='mmpretrain.RandomFlip', prob=0.5),
    dict(type='mmpretrain.PackInputs'),
]
backbone = dict(_base_.task_net.backbone, strides=(2, 2, 1, 1), dilations=(1, 1, 2, 4))
model = dict(scale=4, task_net=dict(_base_.task_net, backbone=backbone))
optim_wrapper = dict(task_net=_base_.task_optim)
param_scheduler = dict(task_net=_base_.schedule)
train_dataloader = dict(dataset=dict(data_root=data_root, pipeline=pipeline))
val_dataloader = dict(
    dataset=dict(data_root=data_root, data_prefix='held_out', pipeline=[pipeline[0], pipeline[2]])
)
test_dataloader = val_dataloader
train_cfg = dict(max_epochs=12, val_interval=12)
