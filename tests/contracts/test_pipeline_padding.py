"""What a pipeline padded is no image: it is neither degraded nor trained on nor scored."""

import cv2
import numpy as np
import pytest
import torch
from mmengine.dataset import Compose, pseudo_collate
from mmengine.logging import MessageHub
from mmengine.registry import DefaultScope
from skimage import data

from sr4ir_mm.apis.wrap import load_zoo_config
from sr4ir_mm.evaluation.metrics import PSNR
from sr4ir_mm.models.adapters import content_size
from sr4ir_mm.registry import MODELS
from tests import toy

RTMDET = 'mmdet::rtmdet/rtmdet_tiny_8xb32-300e_coco.py'
YOLOX = 'mmdet::yolox/yolox_tiny_8xb8-300e_coco.py'
RETINANET = 'mmdet::retinanet/retinanet_r18_fpn_1x_coco.py'


@pytest.fixture
def photograph(tmp_path):
    """4:3, as most photographs."""
    path = tmp_path / 'cat.png'
    cv2.imwrite(str(path), cv2.resize(data.chelsea(), (320, 240))[..., ::-1])
    return str(path)


def packed(pipeline, path, scope='mmdet'):
    """What a zoo pipeline makes of one image with one box."""
    instance = dict(bbox=[20, 20, 200, 150], bbox_label=0, ignore_flag=0)
    results = dict(
        img_path=path,
        img_id=0,
        height=240,
        width=320,
        instances=[instance],
        reduce_zero_label=False,
    )
    with DefaultScope.overwrite_default_scope(scope):
        return pseudo_collate([Compose(pipeline)(results)])


def preprocessor(cfg):
    return MODELS.build(
        dict(
            type='sr4ir_mm.LRHRDataPreprocessor',
            task_preprocessor=dict(
                cfg.model.data_preprocessor, _scope_='mmdet', batch_augments=None
            ),
            adapter=dict(type='sr4ir_mm.DetectionAdapter'),
            degradation=None,
            scale=4,
        )
    )


@pytest.mark.parametrize(
    ('source', 'content'),
    [(RTMDET, (480, 640)), (YOLOX, (312, 416)), (RETINANET, (800, 1067))],
)
def test_the_test_pipelines_padding_is_no_image(source, content, photograph):
    cfg = load_zoo_config(source)
    batch = preprocessor(cfg)(packed(cfg.test_dataloader.dataset.pipeline, photograph))['inputs']
    assert batch.sizes == [content]
    height, width = content
    outside = torch.ones(batch.task_inputs.shape[-2:], dtype=torch.bool)
    outside[:height, :width] = False
    if outside.any():
        assert torch.equal(batch.border[0, 0], outside)
    # Reflected, not grey: the last rows of the LR image look like the image.
    assert batch.hr_rgb01[0, :, height:].std() > 0.02 or not outside[height:].any()


@pytest.mark.parametrize('source', [RTMDET, YOLOX])
def test_the_second_training_stages_padding_is_no_image(source, photograph):
    """The stage without mosaic: resized, perhaps cropped, then padded."""
    cfg = load_zoo_config(source)
    hook = next(h for h in cfg.custom_hooks if 'PipelineSwitch' in h.type or 'ModeSwitch' in h.type)
    dataset = cfg.train_dataloader.dataset
    inner = dataset.get('dataset', {}).get('pipeline', [])  # of the data set inside a mix
    pipeline = hook.get('switch_pipeline') or [*inner, *dataset.pipeline]
    pipeline = [t for t in pipeline if 'Mosaic' not in t.type and 'MixUp' not in t.type]
    pipeline = [t for t in pipeline if t.type not in ('RandomAffine', 'FilterAnnotations')]
    for seed in range(6):
        np.random.seed(seed)
        data_batch = packed(pipeline, photograph)
        image, sample = data_batch['inputs'][0], data_batch['data_samples'][0]
        height, width = content_size(image, sample)
        grey = (image == 114).all(dim=0)
        assert grey[height:].all()
        assert grey[:, width:].all()
        # Nothing of the image is taken for padding.
        assert not grey[height - 1].all()
        assert not grey[:, width - 1].all()


def test_a_mosaic_is_an_image_from_edge_to_edge(photograph):
    """There the original size says nothing, and what lies outside is not of one colour."""
    image = torch.from_numpy(cv2.imread(photograph)).permute(2, 0, 1)
    sample = toy.batch('det')['data_samples'][0].new()
    sample.set_metainfo(dict(ori_shape=(120, 160), img_shape=(240, 320), scale_factor=(1.0, 1.0)))
    assert content_size(image, sample) == (240, 320)
    sample.set_metainfo(dict(ori_shape=(100, 100), scale_factor=(9.0, 9.0)))
    assert content_size(image, sample) == (240, 320)


def test_a_batch_level_resize_scales_the_content():
    MessageHub.get_current_instance().update_info('iter', 0)
    cfg = load_zoo_config(YOLOX)
    ours = preprocessor(cfg)
    image = torch.full((3, 64, 64), 114, dtype=torch.uint8)
    image[:, :48] = torch.randint(0, 255, (3, 48, 64), dtype=torch.uint8)
    sample = toy.batch('det')['data_samples'][0].new()
    sample.set_metainfo(dict(ori_shape=(48, 64), img_shape=(64, 64), scale_factor=(1.0, 1.0)))
    resize = dict(
        type='mmdet.BatchSyncRandomResize', random_size_range=(96, 96), size_divisor=32, interval=1
    )
    ours.task_preprocessor.batch_augments = [MODELS.build(resize)]
    ours.task_preprocessor.batch_augments[0]._input_size = (96, 96)
    batch = ours(dict(inputs=[image], data_samples=[sample]), training=True)['inputs']
    assert tuple(batch.task_inputs.shape[-2:]) == (96, 96)
    assert batch.sizes == [(72, 96)]


def test_the_border_does_not_raise_psnr(photograph):
    """A grey border is restored perfectly: counted, it lifted PSNR by up to 1.2 dB."""
    cfg = load_zoo_config(RTMDET)
    batch = preprocessor(cfg)(packed(cfg.test_dataloader.dataset.pipeline, photograph))['inputs']
    from sr4ir_mm.models.prediction import attach_images, upsampled

    attach_images(batch.samples, batch, upsampled(batch, 4), 4)
    sample = batch.samples[0]
    assert sample.get('sr_rgb01').shape == sample.get('hr_rgb01').shape == (3, 480, 640)
    metric = PSNR()
    metric.process(None, [sample.to_dict()])
    assert np.isfinite(metric.compute_metrics(metric.results)['psnr'])
