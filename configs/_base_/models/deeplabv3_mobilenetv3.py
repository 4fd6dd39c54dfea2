# torchvision's deeplabv3_mobilenet_v3_large in mmseg's terms (docs/fidelity.md): last stage dilated, auxiliary head
# with half the weight on layer 4, the first of stride 8.
norm = dict(type='BN', requires_grad=True)
loss = dict(type='CrossEntropyLoss', use_sigmoid=False, avg_non_ignore=True)
task_net = dict(
    _scope_='mmseg',
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_val=0,
        seg_pad_val=255,
        size=(480, 480),
    ),
    backbone=dict(
        type='sr4ir_mm.TorchvisionMobileNetV3',
        out_indices=(4, 16),
        dilated=True,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.pytorch.org/models/mobilenet_v3_large-8738ca79.pth',
        ),
    ),
    decode_head=dict(
        type='sr4ir_mm.TorchvisionDeepLabHead',
        in_channels=960,
        in_index=1,
        channels=256,
        num_classes=21,
        norm_cfg=norm,
        align_corners=False,
        loss_decode=dict(loss, loss_weight=1.0),
    ),
    auxiliary_head=dict(
        type='sr4ir_mm.TorchvisionFCNHead',
        in_channels=40,
        in_index=0,
        channels=10,
        dropout_ratio=0.1,
        num_classes=21,
        norm_cfg=norm,
        align_corners=False,
        loss_decode=dict(loss, loss_weight=0.5),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
# Evaluated at a size that the scale may not divide; the reference replicates the edge there.
task_options = dict(task_net=task_net, data_preprocessor=dict(border='replicate'))
