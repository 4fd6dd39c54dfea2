# The hand signs of the digits 0 to 9 at 64 px, a folder a class; a small set that comes with the repository.
# Mirrored hands are other hands, so images are shifted only.
_base_ = './cars.py'
data_set = None
data_root = 'data/hand_signs/'
data_help = (
    'unpack it with: python tools/dataset_converters/make_hand_signs.py --out data/hand_signs'
)
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
    num_workers=1,
    dataset=dict(data_root=data_root, pipeline=train_pipeline),
)
val_dataloader = dict(
    num_workers=0, dataset=dict(data_root=data_root, data_prefix='val', pipeline=test_pipeline)
)
test_dataloader = val_dataloader
task_evaluator = [dict(type='mmpretrain.Accuracy', topk=(1,))]
val_evaluator = [*task_evaluator, *_base_.image_evaluator]
test_evaluator = val_evaluator
# Every eighth training image: a camera of which few images have labels yet, for networks that learned from all of them
# as HR images (demo/weights/init).
few = list(range(0, 1642, 8))
