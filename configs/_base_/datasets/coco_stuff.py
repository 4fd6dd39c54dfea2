# COCO-Stuff, 171 classes: crops of 480 px, as the preprocessor of the segmentor that lends it wants; evaluated at
# native size.
_base_ = './voc_segmentation.py'
data_set = 'coco-stuff'
data_root = 'data/coco_stuff164k/'
data_help = 'prepare COCO-Stuff 164k as docs/prepare_data.md tells'
train_pipeline = [
    dict(type='sr4ir_mm.LoadImage'),
    dict(type='mmseg.LoadAnnotations'),
    dict(type='mmseg.RandomCrop', crop_size=(480, 480)),
    dict(type='mmseg.RandomFlip', prob=0.5),
    dict(type='mmseg.PackSegInputs'),
]
test_pipeline = [*train_pipeline[:2], train_pipeline[4]]
coco_stuff = dict(_delete_=True, type='mmseg.COCOStuffDataset', data_root=data_root)
train_dataloader = dict(
    dataset=dict(
        coco_stuff,
        data_prefix=dict(img_path='images/train2017', seg_map_path='annotations/train2017'),
        pipeline=train_pipeline,
    )
)
val_dataloader = dict(
    dataset=dict(
        coco_stuff,
        data_prefix=dict(img_path='images/val2017', seg_map_path='annotations/val2017'),
        test_mode=True,
        pipeline=test_pipeline,
    )
)
test_dataloader = val_dataloader
