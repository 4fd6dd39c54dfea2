# The sample data of tools/dataset_converters/make_sample.py: 96 px scenes, the class is the texture.
_base_ = './voc_segmentation.py'
data_set = None
data_root = 'data/sample/VOCdevkit/VOC2012/'
data_help = 'make it with: python tools/dataset_converters/make_sample.py --out data/sample'
train_pipeline = [
    dict(type='sr4ir_mm.LoadImage'),
    dict(type='mmseg.LoadAnnotations'),
    dict(type='mmseg.RandomFlip', prob=0.5),
    dict(type='mmseg.PackSegInputs'),
]
test_pipeline = [*train_pipeline[:2], train_pipeline[3]]
sample = dict(
    type='mmseg.BaseSegDataset',
    data_root=data_root,
    img_suffix='.png',
    metainfo=dict(classes=('background', 'brick', 'grass', 'gravel')),
)
train_dataloader = dict(num_workers=1, dataset=dict(sample, pipeline=train_pipeline))
val_dataloader = dict(batch_size=20, num_workers=0, dataset=dict(sample, pipeline=test_pipeline))
test_dataloader = val_dataloader
