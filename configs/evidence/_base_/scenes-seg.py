# The same scenes as scenes-det, with their label maps: background and three textures.
_base_ = ['../../_base_/datasets/voc_segmentation.py', './fcn.py']
data_root = 'data/scenes/VOCdevkit/VOC2012/'
data_help = (
    'make it with: '
    'python tools/dataset_converters/make_sample.py --out data/scenes --train 1600 --val 800'
)
train_pipeline = [
    dict(type='sr4ir_mm.LoadImage'),
    dict(type='mmseg.LoadAnnotations'),
    dict(type='mmseg.RandomFlip', prob=0.5),
    dict(type='mmseg.PackSegInputs'),
]
test_pipeline = [*train_pipeline[:2], train_pipeline[3]]
scenes = dict(
    _delete_=True,
    type='mmseg.BaseSegDataset',
    data_root=data_root,
    metainfo=dict(classes=('background', 'brick', 'grass', 'gravel')),
    img_suffix='.png',
    data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClass'),
)
train_dataloader = dict(
    batch_size=16,
    num_workers=0,
    dataset=dict(scenes, ann_file='ImageSets/Segmentation/train.txt', pipeline=train_pipeline),
)
# The first 400 of the 800 test scenes were looked at while the schedule was made; the others judge.
tested = list(range(400, 800))
val_dataloader = dict(
    batch_size=20,
    num_workers=0,
    dataset=dict(
        scenes,
        ann_file='ImageSets/Segmentation/val.txt',
        indices=tested,
        test_mode=True,
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader
own_sr_init = 'work_dirs/init_sr-net_x4_scenes/epoch_6.pth'
task_init = 'work_dirs/init_task-net_scenes-seg/epoch_12.pth'
init_epochs = 12
epochs = 4
