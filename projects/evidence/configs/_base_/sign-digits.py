# Ten hand signs, a folder a class: 64 px. Mirrored hands are other hands, so images are shifted only.
_base_ = [
    '../../../../configs/_base_/datasets/cars.py',
    '../../../../configs/_base_/models/resnet18_tiny.py',
]
data_root = 'data/sign_digits/'
data_help = 'see docs/prepare_data.md, "The sets of the evidence ladder"'
train_pipeline = [
    dict(type='sr4ir_mm.LoadImage'),
    dict(type='mmpretrain.ResizeEdge', scale=70, edge='short', backend='pillow'),
    dict(type='mmpretrain.RandomCrop', crop_size=64),
    dict(type='mmpretrain.PackInputs'),
]
test_pipeline = [
    dict(type='sr4ir_mm.LoadImage'),
    dict(type='mmpretrain.ResizeEdge', scale=70, edge='short', backend='pillow'),
    dict(type='mmpretrain.CenterCrop', crop_size=64),
    dict(type='mmpretrain.PackInputs'),
]
train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    persistent_workers=False,
    dataset=dict(data_root=data_root, pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=32,
    num_workers=0,
    dataset=dict(data_root=data_root, data_prefix='val', pipeline=test_pipeline),
)
test_dataloader = val_dataloader
task_evaluator = [dict(type='mmpretrain.Accuracy', topk=(1,))]
val_evaluator = [*task_evaluator, *_base_.image_evaluator]
test_evaluator = val_evaluator
sr_epochs = 20
sr_init_x8 = 'work_dirs/init_sr-net_x8_sign-digits/epoch_20.pth'
task_init = 'work_dirs/init_task-net_sign-digits/epoch_12.pth'
init_epochs = 12
epochs = 5
# Without that HR training; as in the paper, the task network has then seen nothing of this set.
epochs_scratch = 10
