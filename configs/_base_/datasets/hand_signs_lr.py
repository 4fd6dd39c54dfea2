# Hand signs of 8 x 8 px with labels, and no HR images: for networks that are trained on real LR images.
_base_ = './cars.py'
data_set = None
data_root = 'data/hand_signs_x8/LRx8/'
data_help = (
    'make it with: python tools/dataset_converters/make_lr.py data/hand_signs --out '
    'data/hand_signs_x8 --scale 8'
)
pipeline = [dict(type='sr4ir_mm.LoadImage'), dict(type='mmpretrain.PackInputs')]
train_dataloader = dict(
    batch_size=16,
    num_workers=1,
    dataset=dict(data_root=data_root, pipeline=pipeline),
)
val_dataloader = dict(
    num_workers=0, dataset=dict(data_root=data_root, data_prefix='val', pipeline=pipeline)
)
test_dataloader = val_dataloader
task_evaluator = [dict(type='mmpretrain.Accuracy', topk=(1,))]
val_evaluator = task_evaluator
test_evaluator = task_evaluator
# Of the model: LR images in training and in evaluation.
lr_options = dict(data_preprocessor=dict(train_input='lr'), test_cfg=dict(input='lr'))
