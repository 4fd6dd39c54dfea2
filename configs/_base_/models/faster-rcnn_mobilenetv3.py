# torchvision's fasterrcnn_mobilenet_v3_large_fpn in mmdet's terms (docs/fidelity.md). The image is enlarged to 800 px
# inside the adapter, after SR; both FPN levels have stride 32, and all RoIs are pooled from the first.
num_classes = 20
adapter = dict(type='sr4ir_mm.DetectionAdapter', resize=dict(short=800, long=1333, divisor=32))
anchor_sizes = [32, 64, 128, 256, 512]
nms = dict(type='nms', iou_threshold=0.7)
task_net = dict(
    _scope_='mmdet',
    type='FasterRCNN',
    data_preprocessor=dict(
        type='DetDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_size_divisor=1,
    ),
    backbone=dict(
        type='sr4ir_mm.TorchvisionMobileNetV3',
        out_indices=(13, 16),
        frozen_norm=True,
        frozen_layers=7,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.pytorch.org/models/mobilenet_v3_large-8738ca79.pth',
        ),
    ),
    neck=dict(
        type='FPN',
        in_channels=[160, 960],
        out_channels=256,
        num_outs=3,
        init_cfg=dict(
            type='Kaiming',
            layer='Conv2d',
            a=1,
            mode='fan_in',
            nonlinearity='leaky_relu',
            distribution='uniform',
        ),
    ),
    rpn_head=dict(
        type='sr4ir_mm.ScoreThresholdRPNHead',
        in_channels=256,
        feat_channels=256,
        anchor_generator=dict(
            type='sr4ir_mm.TorchvisionAnchorGenerator',
            base_sizes=[1, 1, 1],
            scales=anchor_sizes,
            ratios=[0.5, 1.0, 2.0],
            strides=[32, 32, 64],
        ),
        bbox_coder=dict(type='DeltaXYWHBBoxCoder', target_stds=[1.0, 1.0, 1.0, 1.0]),
        loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0),
        loss_bbox=dict(type='SmoothL1Loss', beta=1 / 9, loss_weight=1.0),
    ),
    roi_head=dict(
        type='StandardRoIHead',
        bbox_roi_extractor=dict(
            type='SingleRoIExtractor',
            roi_layer=dict(
                type='RoIAlign',
                output_size=7,
                sampling_ratio=2,
                aligned=False,
                use_torchvision=True,
            ),
            out_channels=256,
            featmap_strides=[32],
        ),
        bbox_head=dict(
            type='Shared2FCBBoxHead',
            in_channels=256,
            fc_out_channels=1024,
            roi_feat_size=7,
            num_classes=num_classes,
            bbox_coder=dict(type='DeltaXYWHBBoxCoder', target_stds=[0.1, 0.1, 0.2, 0.2]),
            reg_class_agnostic=False,
            init_cfg=[],  # PyTorch's own initialisation, as in torchvision
            loss_cls=dict(type='CrossEntropyLoss', use_sigmoid=False, loss_weight=1.0),
            loss_bbox=dict(type='SmoothL1Loss', beta=1 / 9, loss_weight=1.0),
        ),
    ),
    train_cfg=dict(
        rpn=dict(
            assigner=dict(
                type='MaxIoUAssigner',
                pos_iou_thr=0.7,
                neg_iou_thr=0.3,
                min_pos_iou=0.0,
                match_low_quality=True,
                ignore_iof_thr=-1,
            ),
            sampler=dict(
                type='RandomSampler',
                num=256,
                pos_fraction=0.5,
                neg_pos_ub=-1,
                add_gt_as_proposals=False,
            ),
            allowed_border=-1,
            pos_weight=-1,
            debug=False,
        ),
        rpn_proposal=dict(
            nms_pre=2000, max_per_img=2000, nms=nms, min_bbox_size=1e-3, score_thr=0.05
        ),
        rcnn=dict(
            assigner=dict(
                type='MaxIoUAssigner',
                pos_iou_thr=0.5,
                neg_iou_thr=0.5,
                min_pos_iou=0.5,
                match_low_quality=False,
                ignore_iof_thr=-1,
            ),
            sampler=dict(
                type='RandomSampler',
                num=512,
                pos_fraction=0.25,
                neg_pos_ub=-1,
                add_gt_as_proposals=True,
            ),
            pos_weight=-1,
            debug=False,
        ),
    ),
    test_cfg=dict(
        rpn=dict(nms_pre=1000, max_per_img=1000, nms=nms, min_bbox_size=1e-3, score_thr=0.05),
        rcnn=dict(score_thr=0.05, nms=dict(type='nms', iou_threshold=0.5), max_per_img=100),
    ),
)
task_options = dict(task_net=task_net, adapter=adapter)
