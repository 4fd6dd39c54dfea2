"""Test-time augmentation: what is merged is what the model sees in an image and in its mirror image."""

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import MODELS, TRANSFORMS, DefaultScope
from mmengine.structures import InstanceData

from sr4ir_mm.apis.tta import set_tta
from sr4ir_mm.utils.errors import UserError
from tests import toy

SCOPES = {'det': 'mmdet', 'seg': 'mmseg', 'cls': 'mmpretrain'}
PACKS = {
    'det': dict(type='mmdet.PackDetInputs', meta_keys=('ori_shape', 'img_shape', 'scale_factor')),
    'seg': dict(type='mmseg.PackSegInputs'),
    'cls': dict(type='mmpretrain.PackInputs'),
}
SIDES = (64, 96)


def config(task, **changes):
    cfg = dict(
        default_scope=SCOPES[task],
        model=dict(type='sr4ir_mm.TaskDrivenSR', task_net=dict(type='X')),
        test_dataloader=dict(dataset=dict(type='X', pipeline=[PACKS[task]])),
        test_evaluator=[dict(type='X'), dict(type='sr4ir_mm.PSNR')],
    )
    return Config({**cfg, **changes})


def packed(pipeline, scope, image, **results):
    """A batch of one image as a loader hands it over."""
    with DefaultScope.overwrite_default_scope(scope):
        steps = [TRANSFORMS.build(step) for step in pipeline]
    results = dict(
        img=image,
        img_path='a.png',
        ori_shape=image.shape[:2],
        img_shape=image.shape[:2],
        scale_factor=(1.0, 1.0),
        **results,
    )
    for step in steps:
        results = step(results)
    return pseudo_collate([results])


def predict(model, batch):
    with torch.no_grad():
        (sample,) = model.test_step(batch)
    return sample


def setting(task):
    """A model, an image, its batch with augmentations and the model that merges them."""
    torch.manual_seed(0)
    model = toy.build(task).eval()
    image = toy.image(*SIDES).permute(1, 2, 0).numpy().copy()
    cfg = config(task)
    set_tta(cfg)
    with DefaultScope.overwrite_default_scope(SCOPES[task]):
        merging = MODELS.build({**cfg.model, 'module': model})
    batch = packed(cfg.test_dataloader.dataset.pipeline, SCOPES[task], image)
    return model, image, batch, merging, cfg


def both(model, image, task):
    """What the model sees in an image and in its mirror image."""
    mirrored = np.ascontiguousarray(image[:, ::-1])
    return [predict(model, packed([PACKS[task]], SCOPES[task], one)) for one in (image, mirrored)]


def test_scores_of_classes_are_averaged():
    model, image, batch, merging, cfg = setting('cls')
    plain, mirrored = both(model, image, 'cls')
    expected = (plain.pred_score + mirrored.pred_score) / 2
    assert torch.allclose(predict(merging, batch).pred_score, expected)
    assert not torch.allclose(plain.pred_score, mirrored.pred_score)
    assert [metric.type for metric in cfg.test_evaluator] == ['X']


def test_label_maps_are_those_of_the_averaged_softmax():
    model, image, batch, merging, _ = setting('seg')
    plain, mirrored = (sample.seg_logits.data.softmax(0) for sample in both(model, image, 'seg'))
    expected = (plain + mirrored.flip(-1)).argmax(0)
    merged = predict(merging, batch).pred_sem_seg.data.squeeze()
    assert torch.equal(merged, expected)
    assert merging.module is model


def test_boxes_of_the_mirror_image_are_mirrored():
    model, image, batch, merging, _ = setting('det')
    plain, mirrored = (sample.pred_instances for sample in both(model, image, 'det'))
    x1, y1, x2, y2 = mirrored.bboxes.unbind(1)
    back = torch.stack([SIDES[1] - x2, y1, SIDES[1] - x1, y2], 1)
    known = InstanceData.cat([InstanceData(boxes=plain.bboxes), InstanceData(boxes=back)]).boxes
    merged = predict(merging, batch).pred_instances.bboxes
    distance = torch.cdist(merged, known).min(1)
    assert distance.values.max() < 1e-3
    assert {int(index) >= len(plain) for index in distance.indices} == {True, False}


def test_a_config_may_say_what_is_done():
    pipeline = [dict(type='Y')]
    cfg = config('seg', tta_model=dict(type='SegTTAModel'), tta_pipeline=pipeline)
    set_tta(cfg)
    assert cfg.model.type == 'sr4ir_mm.SegTTAModel'
    assert cfg.model.module.type == 'sr4ir_mm.TaskDrivenSR'
    assert cfg.test_dataloader.dataset.pipeline == pipeline


def test_lr_images_of_files_are_flipped_too():
    load = dict(type='sr4ir_mm.LoadLRImage', hr_dir='a', lr_dir='b')
    pack = dict(type='sr4ir_mm.PackPair', pack=PACKS['det'])
    inner = dict(type='Y', pipeline=[load, pack])
    cfg = config('det', test_dataloader=dict(dataset=dict(type='Z', dataset=inner)))
    set_tta(cfg)
    *_, augmented = cfg.test_dataloader.dataset.dataset.pipeline
    assert augmented.transforms[1] == [dict(type='sr4ir_mm.FlipLRImage')]
    assert 'flip_direction' in augmented.transforms[2][0].pack.meta_keys


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        (dict(default_scope='mmagic'), 'of none of them'),
        (dict(test_dataloader=dict(dataset=dict(type='ConcatDataset'))), 'ConcatDataset has none'),
    ],
)
def test_what_cannot_be_augmented_is_told(changes, words):
    with pytest.raises(UserError, match=words):
        set_tta(config('cls', **changes))
