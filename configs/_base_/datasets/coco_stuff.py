# COCO-Stuff 164k, 171 classes, in mmseg's layout; sizes as for VOC.
_base_ = './voc_segmentation.py'
data_set = 'coco-stuff'
data_root = 'data/coco_stuff164k/'
data_help = 'prepare COCO-Stuff 164k as docs/prepare_data.md tells'
stuff = dict(_delete_=True, type='mmseg.COCOStuffDataset', data_root=data_root)
train_dataloader = dict(
    dataset=dict(
        **stuff,
        data_prefix=dict(img_path='images/train2017', seg_map_path='annotations/train2017'),
        pipeline=_base_.train_pipeline,
    )
)
val_dataloader = dict(
    dataset=dict(
        **stuff,
        data_prefix=dict(img_path='images/val2017', seg_map_path='annotations/val2017'),
        test_mode=True,
        pipeline=_base_.test_pipeline,
    )
)
test_dataloader = val_dataloader
