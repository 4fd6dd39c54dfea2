# DIV2K with crops of 48 LR px at scale 8.
_base_ = './div2k.py'
crop = dict(type='mmpretrain.RandomCrop', crop_size=384)
train_dataloader = dict(
    dataset=dict(pipeline=[_base_.load, crop, *_base_.flips, _base_.pack]),
)
