# FDSR's training set: 20,000 images of COCO train2017 both of whose sides are above 384 px. The paper does not say how
# it crops them; 384 is a guess from that limit. Images alone are validated, the first 500 of val2017.
_base_ = './coco.py'
train_pipeline = [
    dict(type='sr4ir_mm.LoadImage'),
    dict(type='mmdet.RandomCrop', crop_size=(384, 384)),
    dict(type='mmdet.RandomFlip', prob=0.5),
    dict(type='mmdet.PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape')),
]
train_dataloader = dict(
    batch_size=8,
    num_workers=8,
    persistent_workers=True,
    pin_memory=True,
    worker_init_fn=dict(type='sr4ir_mm.seed_worker'),
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type='sr4ir_mm.LargeImageCoco',
        data_root=_base_.data_root,
        ann_file='annotations/instances_train2017.json',
        data_prefix=dict(img='train2017/'),
        min_side=385,
        most=20000,
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(dataset=dict(indices=500))
val_evaluator = _base_.image_evaluator
test_evaluator = _base_.image_evaluator
