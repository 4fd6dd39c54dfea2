# VOC 2012 segmentation with the training images of SBD besides, which the reference goes without: 1464 + 9118.
_base_ = './voc_segmentation.py'
data_set = 'voc2012-sbd'
data_help = 'add SBD to VOC 2012 as docs/prepare_data.md tells'
voc = dict(
    type='mmseg.PascalVOCDataset', data_root=_base_.data_root, pipeline=_base_.train_pipeline
)
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='ConcatDataset',
        datasets=[
            dict(
                **voc,
                data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClass'),
                ann_file='ImageSets/Segmentation/train.txt',
            ),
            dict(
                **voc,
                data_prefix=dict(img_path='JPEGImages', seg_map_path='SegmentationClassAug'),
                ann_file='ImageSets/Segmentation/aug.txt',
            ),
        ],
    )
)
