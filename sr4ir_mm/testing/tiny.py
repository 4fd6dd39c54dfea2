"""Shrink a shipped config so that it is built and stepped on a CPU in a second; its structure stays."""

from __future__ import annotations

from mmengine.config import Config, ConfigDict

from sr4ir_mm.testing.zoo import strip_weights
from sr4ir_mm.utils.kinds import class_name
from sr4ir_mm.utils.resources import iter_datasets

SIDE = 64
#: What sets an image size in a pipeline.
_SIZES = {
    'ResizeShortSide': dict(side=SIDE + 8),
    'ResizeEdge': dict(scale=SIDE + 8),
    'CenterCrop': dict(crop_size=SIDE),
    'RandomCrop': dict(crop_size=(SIDE, SIDE)),
    'Resize': dict(scale=(SIDE, SIDE)),
}


def shrink(cfg: Config) -> Config:
    """Narrow both networks and lower image sizes, in place."""
    cfg.model.pop('init_from', None)
    strip_weights(cfg.model.task_net)
    if cfg.model.get('sr_net') is not None:
        _SR_NETS[cfg.model.sr_net.type](cfg.model.sr_net)
    _TASK_NETS[cfg.model.task_net.type](cfg.model.task_net)
    if isinstance(cfg.model.get('extractor'), dict):
        strip_weights(cfg.model.extractor)
        cfg.model.extractor.backbone.out_indices = (3,)
    for phase in cfg.model.phases:
        if phase.get('perceptual'):
            phase.perceptual.pretrained = 'random'
    if 'resize' in (cfg.model.get('adapter') or {}):
        cfg.model.adapter.resize = dict(short=SIDE, long=2 * SIDE, divisor=32)
    return cfg


def shrink_data(cfg: Config) -> None:
    """Lower the image sizes of data sets and pipelines to what :func:`shrink` makes the networks for, in place."""
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        for _, dataset in iter_datasets(cfg.get(loader), loader):
            dataset.pop('indices', None)
            if 'min_side' in dataset:
                dataset.min_side = SIDE
            for transform in dataset.pipeline:
                kind = class_name(transform)
                transform.update(_SIZES.get(kind, {}))


def _edsr(net: ConfigDict) -> None:
    net.update(mid_channels=8, num_blocks=1)


def _swinir(net: ConfigDict) -> None:
    net.update(img_size=16, depths=[2], num_heads=[2], embed_dim=8)


def _dbpn(net: ConfigDict) -> None:
    net.update(base_channels=4, feat_channels=8, num_stages=3)


def _rcan(net: ConfigDict) -> None:
    net.update(mid_channels=8, num_groups=1, num_blocks=1, reduction=4)


def _shared_decoder(net: ConfigDict) -> None:
    net.update(mid_channels=8, num_blocks=1)


def _keep(net: ConfigDict) -> None:
    """It has no parameters."""


def _shallow_resnet(net: ConfigDict) -> None:
    """A zoo detector on a ResNet-50 or 101: basic blocks of ResNet-18, as wide as the smallest."""
    stages = net.backbone.num_stages
    net.backbone.update(depth=18, base_channels=8)
    if stages == 4:
        net.neck.in_channels = [8, 16, 32, 64]


def _mask_rcnn(net: ConfigDict) -> None:
    # Of the C4 kind only the backbone is run.
    _shallow_resnet(net)


def _ssd(net: ConfigDict) -> None:
    # Made for 300 px; so that the last convolutions have something left of 64.
    net.neck.level_paddings = (1, 1, 1, 1)


def _faster_rcnn(net: ConfigDict) -> None:
    if net.backbone.type == 'ResNet':
        _shallow_resnet(net)
    if net.backbone.type != 'sr4ir_mm.TorchvisionMobileNetV3':
        return
    net.backbone.width_mult = 0.25
    net.neck.update(in_channels=[40, 240], out_channels=16)
    net.rpn_head.update(in_channels=16, feat_channels=16)
    net.roi_head.bbox_roi_extractor.out_channels = 16
    net.roi_head.bbox_head.update(in_channels=16, fc_out_channels=32)


def _encoder_decoder(net: ConfigDict) -> None:
    net.data_preprocessor.size = (SIDE, SIDE)
    if net.backbone.type != 'sr4ir_mm.TorchvisionMobileNetV3':
        return
    net.backbone.width_mult = 0.25
    net.decode_head.update(in_channels=240, channels=16)
    net.auxiliary_head.update(in_channels=16, channels=8)


def _classifier(net: ConfigDict) -> None:
    net.backbone.base_channels = 8
    net.head.in_channels = 64


_SR_NETS = {
    'mmagic.EDSRNet': _edsr,
    'mmagic.SwinIRNet': _swinir,
    'sr4ir_mm.DBPNNet': _dbpn,
    'sr4ir_mm.PreUpsample': _keep,
    'sr4ir_mm.RCANNet': _rcan,
    'sr4ir_mm.SharedDecoderNet': _shared_decoder,
    'sr4ir_mm.SubPixelNet': _edsr,
}
_TASK_NETS = {
    'FasterRCNN': _faster_rcnn,
    'RetinaNet': _shallow_resnet,
    'CascadeRCNN': _shallow_resnet,
    'MaskRCNN': _mask_rcnn,
    'SingleStageDetector': _ssd,
    'EncoderDecoder': _encoder_decoder,
    'ImageClassifier': _classifier,
}
