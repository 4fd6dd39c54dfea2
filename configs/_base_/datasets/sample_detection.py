# The sample data of tools/dataset_converters/make_sample.py: 96 px scenes, the class is the texture.
_base_ = './voc_detection.py'
data_set = None
data_help = 'make it with: python tools/dataset_converters/make_sample.py --out data/sample'
sample = dict(
    data_root='data/sample/VOCdevkit/VOC2012/', metainfo=dict(classes=('brick', 'grass', 'gravel'))
)
train_dataloader = dict(batch_size=16, num_workers=1, dataset=sample)
val_dataloader = dict(batch_size=20, num_workers=0, dataset=sample)
test_dataloader = val_dataloader
