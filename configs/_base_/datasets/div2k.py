# DIV2K for an SR network alone: crops of 48 LR px of the 800 training images, the 100 validation images whole. Images
# come without labels: there is no task.
default_scope = 'mmpretrain'
data_set = 'div2k'
data_root = 'data/DIV2K/'
data_help = 'download DIV2K and unpack it in data/DIV2K (docs/prepare_data.md)'
crop = dict(type='mmpretrain.RandomCrop', crop_size=192)
flips = [
    dict(type='mmpretrain.RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='mmpretrain.RandomFlip', prob=0.5, direction='vertical'),
]
load = dict(type='sr4ir_mm.LoadImage')
pack = dict(type='mmpretrain.PackInputs')
train_dataloader = dict(
    batch_size=16,
    num_workers=8,
    pin_memory=True,
    worker_init_fn=dict(type='sr4ir_mm.seed_worker'),
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='mmpretrain.CustomDataset',
        data_root=data_root,
        data_prefix='DIV2K_train_HR',
        with_label=False,
        pipeline=[load, crop, *flips, pack],
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=8,
    pin_memory=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='mmpretrain.CustomDataset',
        data_root=data_root,
        data_prefix='DIV2K_valid_HR',
        with_label=False,
        pipeline=[load, pack],
    ),
)
test_dataloader = val_dataloader
val_evaluator = [
    dict(type='sr4ir_mm.PSNR', crop_border=8),
    dict(type='sr4ir_mm.SSIM', crop_border=8),
]
test_evaluator = val_evaluator
visualizer = dict(
    type='mmpretrain.UniversalVisualizer',
    vis_backends=[dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')],
)
