# CUB-200-2011 in its original layout, otherwise as Cars.
_base_ = './cars.py'
data_set = 'cub'
data_root = 'data/CUB_200_2011/'
data_help = 'download CUB_200_2011.tgz and unpack it in data/ (docs/prepare_data.md)'
cub = dict(_delete_=True, type='mmpretrain.CUB', data_root=data_root)
train_dataloader = dict(dataset=dict(cub, split='train', pipeline=_base_.train_pipeline))
val_dataloader = dict(
    dataset=dict(cub, split='test', test_mode=True, pipeline=_base_.test_pipeline)
)
test_dataloader = val_dataloader
