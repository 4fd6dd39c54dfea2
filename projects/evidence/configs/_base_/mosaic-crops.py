# Cut-out textures, a folder a class, on which the mosaics' segmentor's backbone learns first.
_base_ = [
    '../../../../configs/_base_/datasets/cars.py',
    '../../../../configs/_base_/models/resnet18_tiny.py',
]
data_root = 'data/mosaics/crops/'
data_help = 'make it with: python tools/dataset_converters/make_mosaics.py --out data/mosaics'
load, pack = dict(type='sr4ir_mm.LoadImage'), dict(type='mmpretrain.PackInputs')
train_pipeline = [load, dict(type='mmpretrain.RandomFlip', prob=0.5), pack]
train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    persistent_workers=False,
    dataset=dict(data_root=data_root, pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=32,
    num_workers=0,
    dataset=dict(data_root=data_root, data_prefix='held_out', pipeline=[load, pack]),
)
test_dataloader = val_dataloader
val_evaluator = [dict(type='mmpretrain.Accuracy', topk=(1,)), *_base_.image_evaluator]
test_evaluator = val_evaluator
# Three of the ten outputs are used.
task_net = dict(backbone=dict(strides=(2, 2, 1, 1), dilations=(1, 1, 2, 4)))
task_options = dict(task_net=task_net)
