# The generated scenes of tools/dataset_converters/make_sample.py, more of them than the quick start has.
_base_ = [
    '../../../../configs/_base_/datasets/voc_detection.py',
    '../../../../configs/_base_/models/faster-rcnn_tiny.py',
]
data_root = 'data/scenes/VOCdevkit/VOC2012/'
data_help = (
    'make it with: '
    'python tools/dataset_converters/make_sample.py --out data/scenes --train 1600 --val 800'
)
scenes = dict(data_root=data_root, metainfo=dict(classes=('brick', 'grass', 'gravel')))
train_dataloader = dict(batch_size=16, num_workers=0, persistent_workers=False, dataset=scenes)
# The first 400 of the 800 test scenes were looked at while the schedule was made; the others judge.
tested = list(range(400, 800))
val_dataloader = dict(batch_size=20, num_workers=0, dataset=dict(scenes, indices=tested))
test_dataloader = val_dataloader
sr_epochs = 12
sr_init_x4 = 'work_dirs/init_sr-net_x4_scenes-det/epoch_12.pth'
task_init = 'work_dirs/init_task-net_scenes-det/epoch_24.pth'
init_epochs = 24
epochs = 8
