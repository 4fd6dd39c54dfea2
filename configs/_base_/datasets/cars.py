# Stanford Cars in one folder a class, as the reference has it: short side 256, crops of 224. For the paper's tables:
# --cfg-options test_evaluator.2.type=sr4ir_mm.LPIPS (needs VGG weights).
default_scope = 'mmpretrain'
data_set = 'cars'
data_root = 'data/stanford_cars/'
data_help = (
    'download https://www.kaggle.com/datasets/jutrera/stanford-car-dataset-by-classes-folder and run '
    'python tools/dataset_converters/cars2folder.py DOWNLOAD --out data/stanford_cars (docs/prepare_data.md)'
)
train_pipeline = [
    dict(type='sr4ir_mm.LoadImage'),
    dict(type='mmpretrain.ResizeEdge', scale=256, edge='short', backend='pillow'),
    dict(type='mmpretrain.RandomCrop', crop_size=224),
    dict(type='mmpretrain.RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='mmpretrain.PackInputs'),
]
test_pipeline = [
    dict(type='sr4ir_mm.LoadImage'),
    dict(type='mmpretrain.ResizeEdge', scale=256, edge='short', backend='pillow'),
    dict(type='mmpretrain.CenterCrop', crop_size=224),
    dict(type='mmpretrain.PackInputs'),
]
train_dataloader = dict(
    batch_size=128,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    worker_init_fn=dict(type='sr4ir_mm.seed_worker'),
    # One tensor a batch: a worker hands over each tensor by a file descriptor of its own.
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='mmpretrain.CustomDataset',
        data_root=data_root,
        data_prefix='train',
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=32,
    num_workers=8,
    pin_memory=True,
    collate_fn=dict(type='default_collate'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='mmpretrain.CustomDataset',
        data_root=data_root,
        data_prefix='test',
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader
task_evaluator = [dict(type='mmpretrain.Accuracy', topk=(1, 5))]
image_evaluator = [
    dict(type='sr4ir_mm.PSNR', crop_border=8),
    dict(type='sr4ir_mm.SSIM', crop_border=8),
]
val_evaluator = [*task_evaluator, *image_evaluator]
test_evaluator = val_evaluator
visualizer = dict(
    type='mmpretrain.UniversalVisualizer',
    vis_backends=[dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')],
)
