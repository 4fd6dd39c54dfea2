# Ten garments, a folder a class, 80 training images each: 96 px. Test images are not balanced, so the
# mean recall over the classes is shown beside the accuracy.
_base_ = [
    '../../../../configs/_base_/datasets/cars.py',
    '../../../../configs/_base_/models/resnet18_tiny.py',
]
data_root = 'data/clothing/'
data_help = 'see docs/prepare_data.md, "The sets of the evidence ladder"'
train_pipeline = [
    dict(type='sr4ir_mm.LoadImage'),
    dict(
        type='mmpretrain.RandomResizedCrop',
        scale=96,
        crop_ratio_range=(0.4, 1.0),
        backend='pillow',
    ),
    dict(type='mmpretrain.RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='mmpretrain.PackInputs'),
]
test_pipeline = [
    dict(type='sr4ir_mm.LoadImage'),
    dict(type='mmpretrain.ResizeEdge', scale=104, edge='short', backend='pillow'),
    dict(type='mmpretrain.CenterCrop', crop_size=96),
    dict(type='mmpretrain.PackInputs'),
]
train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    persistent_workers=False,
    dataset=dict(data_root=data_root, pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=32, num_workers=0, dataset=dict(data_root=data_root, pipeline=test_pipeline)
)
test_dataloader = val_dataloader
task_evaluator = [
    dict(type='mmpretrain.Accuracy', topk=(1,)),
    dict(type='mmpretrain.SingleLabelMetric', items=('recall',), average='macro'),
]
val_evaluator = [*task_evaluator, *_base_.image_evaluator]
test_evaluator = val_evaluator
sr_epochs = 40
sr_init_x8 = 'work_dirs/init_sr-net_x8_clothing/epoch_40.pth'
task_init = 'work_dirs/init_task-net_clothing/epoch_100.pth'
init_epochs = 100
epochs = 7
