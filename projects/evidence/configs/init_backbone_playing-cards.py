# The detector learns to find cards from scratch, but not to read them; its backbone learns that on the objects cut out
# (tools/dataset_converters/voc2crops.py). Six of the ten outputs are used.
_base_ = [
    '../../../configs/h2t/_base_.py',
    './_base_/clothing.py',
    './_base_/recipe.py',
    './_base_/runtime.py',
]
data_root = 'data/playing_cards_crops/'
data_help = 'make it with tools/dataset_converters/voc2crops.py data/playing_cards --out data/playing_cards_crops'
model = dict(scale=4, task_net=_base_.task_net)
optim_wrapper = dict(task_net=_base_.task_optim)
param_scheduler = dict(task_net=_base_.schedule)
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root, data_prefix='val'))
test_dataloader = val_dataloader
train_cfg = dict(max_epochs=80, val_interval=10)
