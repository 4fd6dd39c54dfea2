# Crops of 32 px that a detector found in the sample data, with the classes of the sample and background.
_base_ = './cars.py'
data_root = 'data/sample_crops/'
data_help = 'make it as tools/dataset_converters/detections2crops.py says (docs/prepare_data.md)'
pipeline = [
    dict(type='sr4ir_mm.LoadImage'),
    dict(type='mmpretrain.PackInputs', algorithm_keys=('box_deltas',)),
]
crops = dict(
    _delete_=True,
    type='mmpretrain.BaseDataset',
    data_root=data_root,
    ann_file='train.json',
    metainfo=dict(classes=('brick', 'grass', 'gravel', 'background')),
    pipeline=pipeline,
)
train_dataloader = dict(batch_size=64, num_workers=1, dataset=crops)
val_dataloader = dict(
    batch_size=64, num_workers=0, dataset=dict(crops, ann_file='val.json', test_mode=True)
)
test_dataloader = val_dataloader
task_evaluator = [dict(type='mmpretrain.Accuracy', topk=(1,))]
image_evaluator = [dict(type='sr4ir_mm.PSNR'), dict(type='sr4ir_mm.SSIM')]
val_evaluator = [*task_evaluator, *image_evaluator]
test_evaluator = val_evaluator
