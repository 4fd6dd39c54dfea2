# Hand signs with LR images from files instead of made while training: HR/<split>/<digit> and LRx8/<split>/<digit>.
_base_ = './cars.py'
data_set = None
data_root = 'data/hand_signs_x8/HR/'
data_help = (
    'make it with: python tools/dataset_converters/make_lr.py data/hand_signs --out '
    'data/hand_signs_x8 --scale 8'
)
load_pair = [
    dict(type='sr4ir_mm.LoadImage'),
    dict(type='sr4ir_mm.LoadLRImage', hr_dir='/HR/', lr_dir='/LRx8/'),
]
pack_pair = dict(type='sr4ir_mm.PackPair', pack=dict(type='mmpretrain.PackInputs'))
train_pipeline = [*load_pair, dict(type='sr4ir_mm.CropPair', size=56, scale=8), pack_pair]
train_dataloader = dict(
    batch_size=16,
    num_workers=1,
    dataset=dict(data_root=data_root, pipeline=train_pipeline),
)
val_dataloader = dict(
    num_workers=0,
    dataset=dict(data_root=data_root, data_prefix='val', pipeline=[*load_pair, pack_pair]),
)
test_dataloader = val_dataloader
task_evaluator = [dict(type='mmpretrain.Accuracy', topk=(1,))]
val_evaluator = [*task_evaluator, *_base_.image_evaluator]
test_evaluator = val_evaluator
