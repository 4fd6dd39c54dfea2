"""Wrapping of zoo configs and users' own."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import MODELS, DefaultScope, init_default_scope

from sr4ir_mm.apis.config_text import Code, assignments
from sr4ir_mm.apis.methods import find_method, method_names
from sr4ir_mm.apis.wrap import (
    Wrapping,
    check_target,
    shrink_pipelines,
    wrap_config,
    write_config,
)
from sr4ir_mm.models.settings import check_lender
from sr4ir_mm.models.sr_nets.defaults import SR_NETS
from sr4ir_mm.models.task_driven_sr import NETS
from sr4ir_mm.testing import make_batch
from sr4ir_mm.utils.errors import UserError
from tests import toy

ROOT = Path(__file__).parents[2]
RETINANET = 'mmdet::retinanet/retinanet_r18_fpn_1x_coco.py'
DEEPLAB = 'mmseg::deeplabv3/deeplabv3_r18-d8_4xb2-80k_cityscapes-512x1024.py'
RESNET = 'mmpretrain::resnet/resnet18_8xb32_in1k.py'
YOLOX = 'mmdet::yolox/yolox_nano_8xb8-300e_coco.py'


def wrap(source, tmp_path, **options) -> Config:
    """The wrapped config, loaded from its file."""
    out = tmp_path / 'wrapped.py'
    out.write_text(wrap_config(str(source), Wrapping(**options), str(out)))
    return Config.fromfile(out)


def own_config(tmp_path, **changes) -> Path:
    """A user's own complete config around a tiny detector."""
    cfg = dict(
        default_scope='mmdet',
        model=toy.detector(),
        train_cfg=dict(type='EpochBasedTrainLoop', max_epochs=2, val_interval=1),
        optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.01)),
        param_scheduler=[dict(type='MultiStepLR', milestones=[1])],
        val_evaluator=dict(type='CocoMetric', metric='bbox'),
        test_evaluator=dict(type='CocoMetric', metric='bbox'),
    )
    cfg.update(changes)
    del cfg['model']['_scope_']
    path = tmp_path / 'own' / 'zoo.py'
    path.parent.mkdir(exist_ok=True)
    Config(cfg).dump(path)
    return path


def small(cfg: Config) -> Config:
    if 'sr_net' in cfg.model:
        cfg.model.sr_net = dict(type='ToySR', _scope_='sr4ir_mm', scale=cfg.model.scale)
    return cfg


@pytest.mark.parametrize(
    ('source', 'library'), [(RETINANET, 'mmdet'), (DEEPLAB, 'mmseg'), (RESNET, 'mmpretrain')]
)
def test_wraps_every_library(source, library, tmp_path, monkeypatch):
    out = tmp_path / 'configs' / 'out.py'
    out.parent.mkdir()
    out.write_text(wrap_config(source, Wrapping(), str(out)))
    monkeypatch.chdir('/')
    cfg = Config.fromfile(out)
    assert cfg.model.type == 'sr4ir_mm.TaskDrivenSR'
    assert cfg.model.task_net._scope_ == library
    assert cfg.model.task_net.type in ('RetinaNet', 'EncoderDecoder', 'ImageClassifier')
    assert cfg.default_scope == library
    assert set(cfg.optim_wrapper) == {'constructor', 'sr_net', 'task_net'}
    assert set(cfg.param_scheduler) == {'sr_net', 'task_net'}
    assert [metric.type for metric in cfg.val_evaluator][-2:] == ['sr4ir_mm.PSNR', 'sr4ir_mm.SSIM']
    assert cfg.model_wrapper_cfg.type == 'MMSeparateDistributedDataParallel'
    assert len(out.read_text().splitlines()) < 70


def test_the_sr_schedule_spans_the_zoo_configs_training(tmp_path):
    by_epoch, by_iter = wrap(RETINANET, tmp_path), wrap(DEEPLAB, tmp_path)
    assert by_epoch.param_scheduler.sr_net[0].T_max == by_epoch.train_cfg.max_epochs
    assert by_epoch.param_scheduler.sr_net[0].by_epoch
    assert by_iter.param_scheduler.sr_net[0].T_max == by_iter.train_cfg.max_iters
    assert not by_iter.param_scheduler.sr_net[0].by_epoch


def test_the_sr_schedule_ends_with_its_phase(tmp_path):
    by_epoch = wrap(RETINANET, tmp_path, method='sr4ir-plus').param_scheduler.sr_net[0]
    by_iter = wrap(DEEPLAB, tmp_path, method='sr4ir-plus').param_scheduler.sr_net[0]
    assert by_epoch.type == by_iter.type == 'sr4ir_mm.SpanCosineLR'
    assert tuple(by_epoch.span) == tuple(by_iter.span) == (0.0, 0.33)
    assert not any('T_max' in schedule for schedule in (by_epoch, by_iter))


def test_a_task_network_that_rests_at_first_has_a_schedule_of_its_share(tmp_path):
    """The warm-up and the milestones of the zoo config would pass while it rests."""
    (late,) = wrap(RETINANET, tmp_path, method='sr4ir-plus').param_scheduler.task_net
    assert late.type == 'sr4ir_mm.SpanCosineLR'
    assert tuple(late.span) == (0.33, 1.0)
    warm_up, steps = wrap(RETINANET, tmp_path, method='sr4ir-lite').param_scheduler.task_net
    assert (warm_up.type, steps.type) == ('LinearLR', 'MultiStepLR')


def test_mmpretrain_preprocessor_moves_and_need_not(tmp_path):
    cfg = small(wrap(RESNET, tmp_path))
    assert cfg.data_preprocessor is None
    assert cfg.model.task_net.data_preprocessor.num_classes == 1000
    # By hand: left where it is, the Runner hands it to the wrapper model.
    by_hand = cfg.model.copy()
    by_hand.task_net = {k: v for k, v in by_hand.task_net.items() if k != 'data_preprocessor'}
    by_hand.data_preprocessor = dict(cfg.model.task_net.data_preprocessor)
    by_hand.data_preprocessor.pop('_scope_', None)
    init_default_scope('mmpretrain')
    for model in (cfg.model, by_hand):
        built = MODELS.build(model)
        assert built.task_net.data_preprocessor.mean.flatten().tolist() == pytest.approx(
            [123.675, 116.28, 103.53]
        )


def test_hooks_that_need_the_task_model_are_redirected(tmp_path):
    cfg = wrap(YOLOX, tmp_path)
    kinds = [hook.type for hook in cfg.custom_hooks]
    assert kinds == [
        'sr4ir_mm.TaskModelHook',
        'SyncNormHook',
        'EMAHook',
        'sr4ir_mm.EpochSeedHook',
        'sr4ir_mm.StopOnInvalidLossHook',
    ]
    assert cfg.custom_hooks[0].hook.type == 'YOLOXModeSwitchHook'
    rtmdet = wrap('mmdet::rtmdet/rtmdet_tiny_8xb32-300e_coco.py', tmp_path)
    assert 'sr4ir_mm.TaskModelHook' not in [hook.type for hook in rtmdet.custom_hooks]


def test_a_hook_that_would_take_statistics_of_hr_images_is_left_out(tmp_path):
    cfg = wrap('mmpretrain::resnet/resnet50_8xb32-coslr-preciseBN_in1k.py', tmp_path)
    kinds = [hook.type for hook in cfg.custom_hooks]
    assert kinds == ['sr4ir_mm.EpochSeedHook', 'sr4ir_mm.StopOnInvalidLossHook']


def test_guards_of_the_shipped_configs_are_added_once(tmp_path):
    hooks = [dict(type='sr4ir_mm.StopOnInvalidLossHook', skip=3), dict(type='EMAHook')]
    cfg = wrap(own_config(tmp_path, custom_hooks=hooks), tmp_path)
    assert cfg.custom_hooks == [*hooks, dict(type='sr4ir_mm.EpochSeedHook')]
    segmentor = wrap(DEEPLAB, tmp_path)
    assert segmentor.custom_hooks == [dict(type='sr4ir_mm.StopOnInvalidLossHook')]
    assert segmentor.default_hooks.checkpoint.save_interval == dict(minutes=30)
    assert segmentor.default_hooks.checkpoint.interval == 8000


def test_the_best_checkpoint_stays_the_tasks(tmp_path):
    hook = dict(type='CheckpointHook', interval=2, save_best='auto')
    source = own_config(tmp_path, default_hooks=dict(checkpoint=hook))

    cfg = wrap(source, tmp_path)

    ours = dict(type='sr4ir_mm.TaskCheckpointHook', save_interval=dict(minutes=30))
    assert cfg.default_hooks.checkpoint == {**hook, **ours}
    assert 'default_hooks' not in wrap(own_config(tmp_path), tmp_path)


# Shared-decoder trains an SR network of its own, in front of nothing.
WRAPPING = [name for name in method_names() if name != 'shared-decoder']


@pytest.mark.parametrize('method', WRAPPING)
def test_every_method_trains(method, tmp_path):
    weights = tmp_path / 'task.pth'
    cfg = small(
        wrap(own_config(tmp_path), tmp_path, method=method, scale=toy.SCALE, task_ckpt=str(weights))
    )
    init_default_scope('mmdet')
    model = MODELS.build(cfg.model)
    assert ('sr_net' in model.nets()) == find_method(method).needs_sr()
    check_lender(cfg)
    wrappers = build_optim_wrapper(model, cfg.optim_wrapper)
    assert set(wrappers.keys()) == set(cfg.param_scheduler) == set(model.trained_nets())
    before = {name: [p.clone() for p in net.parameters()] for name, net in model.nets().items()}
    model.train()
    model.train_step(make_batch(model.task_net, [(64, 64)] * 2, masks=False), wrappers)
    for name, net in model.nets().items():
        moved = any(
            not torch.equal(old, new)
            for old, new in zip(before[name], net.parameters(), strict=True)
        )
        assert moved == (name in model.trained_nets())


def test_a_method_that_trains_nothing_in_front_of_a_task_network_is_refused(tmp_path):
    with pytest.raises(UserError, match='start from a config in configs/shared_decoder instead'):
        wrap(own_config(tmp_path), tmp_path, method='shared-decoder')


def test_own_file_is_named_relative_to_the_output(tmp_path, monkeypatch):
    source = own_config(tmp_path)
    out = tmp_path / 'elsewhere' / 'out.py'
    out.parent.mkdir()
    monkeypatch.chdir(tmp_path)
    out.write_text(wrap_config('own/zoo.py', Wrapping(), 'elsewhere/out.py'))
    assert "_base_ = '../own/zoo.py'" in out.read_text()
    monkeypatch.chdir('/')
    assert Config.fromfile(out).model.task_net._scope_ == 'mmdet'
    assert source.exists()


def test_what_the_zoo_config_trains_with_is_kept(tmp_path):
    source = own_config(
        tmp_path,
        optim_wrapper=dict(
            type='AmpOptimWrapper',
            optimizer=dict(type='AdamW', lr=1e-4),
            clip_grad=dict(max_norm=1),
            paramwise_cfg=dict(norm_decay_mult=0.0),
            accumulative_counts=4,
        ),
        load_from='coco.pth',
        custom_imports=dict(imports=['mmpretrain.models'], allow_failed_imports=False),
        find_unused_parameters=True,
        auto_scale_lr=dict(base_batch_size=16),
    )
    cfg = wrap(source, tmp_path)
    assert cfg.optim_wrapper.task_net.type == 'AmpOptimWrapper'
    assert cfg.optim_wrapper.task_net.clip_grad == dict(max_norm=1)
    assert cfg.optim_wrapper.task_net.paramwise_cfg == dict(norm_decay_mult=0.0)
    assert cfg.optim_wrapper.sr_net.accumulative_counts == 4
    assert cfg.load_from is None
    assert cfg.model.init_from == dict(task_net='coco.pth')
    assert cfg.custom_imports.imports == ['mmpretrain.models', 'sr4ir_mm']
    assert cfg.model_wrapper_cfg.find_unused_parameters
    assert cfg.auto_scale_lr.base_batch_size == 16


def test_one_backward_pass_has_one_kind_of_wrapper(tmp_path):
    amp = dict(type='AmpOptimWrapper', optimizer=dict(type='SGD', lr=0.1), loss_scale=512.0)
    source = own_config(tmp_path, optim_wrapper=amp)
    joint = wrap(source, tmp_path, method='swt').optim_wrapper
    assert joint.sr_net.type == joint.task_net.type == 'AmpOptimWrapper'
    assert joint.sr_net.loss_scale == joint.task_net.loss_scale == 512.0
    assert wrap(source, tmp_path).optim_wrapper.sr_net.type == 'OptimWrapper'


def test_phases_come_from_the_configs(tmp_path):
    for method in WRAPPING:
        base = Config.fromfile(ROOT / 'configs' / method.replace('-', '_') / '_base_.py')
        wrapped = wrap(RETINANET, tmp_path, method=method, task_ckpt='task.pth')
        assert wrapped.model.phases == base.model.phases


@pytest.mark.parametrize('method', WRAPPING)
def test_the_networks_are_those_of_the_methods_own_configs(method, tmp_path):
    folder = ROOT / 'configs' / method.replace('-', '_')
    own = next(path for path in sorted(folder.glob('*_*.py')) if path.name != '_base_.py')
    if method == 'fdsr':
        own = folder / 'faster-rcnn-tiny_edsr-tiny_x4_sample.py'

    models = [
        Config.fromfile(own).model,
        wrap(RETINANET, tmp_path, method=method, task_ckpt='task.pth').model,
    ]

    nets = [{net for net in NETS if model.get(net) is not None} for model in models]
    assert nets[0] == nets[1]
    if isinstance(models[0].get('extractor'), dict):
        assert models[1].extractor.backbone == models[0].extractor.backbone
    else:
        assert models[1].get('extractor') == models[0].get('extractor')


def test_features_of_a_finished_task_network_need_its_weights(tmp_path):
    given = wrap(own_config(tmp_path), tmp_path, method='sr4ir-fixed', task_ckpt='task.pth')
    assert given.model.init_from == dict(task_net='task.pth', extractor='task.pth')
    named = own_config(tmp_path, load_from='coco.pth')
    assert wrap(named, tmp_path, method='sr4ir-fixed').model.init_from.extractor == 'coco.pth'
    with pytest.raises(UserError, match='give them with --task-ckpt'):
        wrap(own_config(tmp_path), tmp_path, method='sr4ir-fixed')


def test_a_network_of_imagenet_sees_images_as_it_learned_to(tmp_path):
    raw = toy.detector()
    raw['data_preprocessor'] = dict(type='DetDataPreprocessor', pad_size_divisor=32)
    cfg = small(wrap(own_config(tmp_path, model=raw), tmp_path, method='sr4ir-vgg', scale=2))
    init_default_scope('mmdet')

    model = MODELS.build(cfg.model)

    image = torch.rand(1, 3, 8, 8)
    shown = model.extractor.from_task_space(model.adapter.space.to_task(image))
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    expected = (image - mean.view(3, 1, 1)) / std.view(3, 1, 1)
    assert torch.allclose(shown, expected, atol=1e-3)


@pytest.mark.parametrize(
    ('sr', 'scale', 'words'),
    [
        ('edsr', 5, r'--scale 5 does not fit --sr edsr .*; choose --scale 2 or 3 or 4 or 8'),
        ('rdn', 8, r'fit --sr rdn \(\w+\); choose --scale 2 or 3 or 4 with'),
        ('BasicVSRNet', 4, 'choose a network that maps one image to one image'),
        (dict(type='sr4ir_mm.SubPixelNet', scale=4, mid_channels=4, num_blocks=1), 2, '--scale 4'),
    ],
)
def test_an_sr_network_that_does_not_enlarge_by_the_scale_is_told(sr, scale, words, tmp_path):
    with pytest.raises(UserError, match=words):
        wrap(own_config(tmp_path), tmp_path, sr=sr, scale=scale)
    assert wrap(own_config(tmp_path), tmp_path, scale=scale, method='l2t').model.scale == scale


def test_a_batch_sampler_that_would_miscount_is_replaced(tmp_path):
    for drop_last, kind in (
        (True, 'sr4ir_mm.AspectRatioBatchSampler'),
        (False, 'AspectRatioBatchSampler'),
    ):
        sampler = dict(type='AspectRatioBatchSampler', drop_last=drop_last)
        source = own_config(tmp_path, train_dataloader=dict(batch_sampler=sampler))
        wrapped = wrap(source, tmp_path).train_dataloader.batch_sampler
        assert (wrapped.type, wrapped.drop_last) == (kind, drop_last)


def test_own_task_weights_win_over_load_from(tmp_path):
    source = own_config(tmp_path, load_from='coco.pth')
    assert wrap(source, tmp_path, task_ckpt='mine.pth').model.init_from.task_net == 'mine.pth'


def test_layer_decay_constructor_gets_the_bare_task_net(tmp_path):
    source = 'mmseg::convnext/convnext-tiny_upernet_8xb2-amp-160k_ade20k-512x512.py'
    cfg = small(wrap(source, tmp_path))
    cfg.optim_wrapper.task_net.type = 'OptimWrapper'
    cfg.optim_wrapper.task_net.pop('loss_scale', None)
    cfg.model.task_net.backbone.init_cfg = None
    init_default_scope('mmseg')
    wrappers = build_optim_wrapper(MODELS.build(cfg.model), cfg.optim_wrapper)
    rates = {group['lr'] for group in wrappers['task_net'].param_groups}
    assert len(rates) > 3
    assert len(wrappers['sr_net'].param_groups) == 1


def test_a_discriminator_shares_the_task_networks_backward_pass(tmp_path):
    """SOD-MTGAN: one loss scaler for both, float32 for the SR network; all accumulate alike."""
    amp = dict(type='AmpOptimWrapper', optimizer=dict(type='SGD', lr=0.1), loss_scale=512.0)
    source = own_config(tmp_path, optim_wrapper=dict(amp, accumulative_counts=2))
    cfg = wrap(source, tmp_path, method='sod-mtgan')
    assert cfg.model.discriminator == dict(type='sr4ir_mm.RealFakeBranch')
    wrappers = {name: cfg.optim_wrapper[name] for name in ('sr_net', 'task_net', 'discriminator')}
    assert [w.type for w in wrappers.values()] == ['OptimWrapper', *['AmpOptimWrapper'] * 2]
    assert wrappers['discriminator'].loss_scale == 512.0
    assert {w.accumulative_counts for w in wrappers.values()} == {2}
    assert set(cfg.param_scheduler) == set(wrappers)


def test_sod_mtgan_trains_in_front_of_a_users_model(tmp_path):
    cfg = small(wrap(own_config(tmp_path), tmp_path, method='sod-mtgan'))
    init_default_scope('mmdet')
    model = MODELS.build(cfg.model).train()
    before = toy.snapshot(model)
    model.train_step(toy.batch('det'), build_optim_wrapper(model, cfg.optim_wrapper))
    moved = {key.split('.')[0] for key in toy.changed(before, model)}
    assert moved == {'sr_net', 'task_net', 'discriminator'}


def test_lr_input_divides_sizes_and_leaves_image_metrics_out(tmp_path):
    cfg = wrap(RETINANET, tmp_path, lr_input=True)
    assert cfg.model.test_cfg.input == 'lr'
    for loader in (cfg.val_dataloader, cfg.test_dataloader):
        resize = next(t for t in loader.dataset.pipeline if t.type == 'Resize')
        assert tuple(resize.scale) == (333, 200)
    assert [metric.type for metric in cfg.val_evaluator] == ['CocoMetric']
    train = next(t for t in cfg.train_dataloader.dataset.pipeline if t.type == 'Resize')
    assert tuple(train.scale) == (1333, 800)
    classes = wrap(RESNET, tmp_path, lr_input=True).test_dataloader.dataset.pipeline
    assert [t.get('scale') or t.get('crop_size') for t in classes[1:3]] == [64, 56]


def test_lr_input_predicts_in_lr_coordinates(tmp_path):
    cfg = small(wrap(own_config(tmp_path), tmp_path, lr_input=True))
    cfg.model.task_net.test_cfg.score_thr = 0.0
    init_default_scope('mmdet')
    model = MODELS.build(cfg.model).eval()
    with torch.no_grad():
        sample = model.val_step(
            make_batch(model.task_net, [(32, 24)], training=False, masks=False)
        )[0]
    boxes = sample.pred_instances.bboxes
    assert len(boxes)
    assert boxes[:, 0::2].max() <= 24 + 1e-3
    assert boxes[:, 1::2].max() <= 32 + 1e-3
    assert sample.get('sr_rgb01').shape == (3, 128, 96)


def test_shrink_pipelines_reaches_nested_datasets_and_choices():
    pipeline = [
        dict(type='LoadImageFromFile'),
        dict(
            type='TestTimeAug',
            transforms=[[dict(type='Resize', scale=(640, 320))], [dict(type='PackDetInputs')]],
        ),
        dict(type='Pad', size_divisor=32),
    ]
    changed = shrink_pipelines(dict(type='RepeatDataset', dataset=dict(pipeline=pipeline)), 4)
    assert changed['dataset']['pipeline'][1]['transforms'][0][0]['scale'] == (160, 80)
    assert changed['dataset']['pipeline'][2]['size_divisor'] == 8
    assert pipeline[2]['size_divisor'] == 32
    with pytest.raises(UserError, match='concatenated'):
        shrink_pipelines(dict(datasets=[]), 4)


@pytest.mark.parametrize(
    ('source', 'words'),
    [
        ('mmdet::glip/glip_atss_swin-t_a_fpn_dyhead_pretrain_obj365.py', 'text'),
        ('mmdet::grounding_dino/grounding_dino_swin-t_finetune_8xb2_20e_cat.py', 'text'),
        ('mmdet::mask2former_vis/mask2former_r50_8xb2-8e_youtubevis2019.py', 'video'),
        ('mmdet::fast_rcnn/fast-rcnn_r50_fpn_1x_coco.py', 'proposals'),
        (
            'mmdet::soft_teacher/soft-teacher_faster-rcnn_r50-caffe_fpn_180k_semi-0.1-coco.py',
            'semi-supervised',
        ),
        ('mmseg::san/san-vit-b16_coco-stuff164k-640x640.py', 'text'),
        ('mmpretrain::mae/mae_vit-base-p16_8xb512-amp-coslr-300e_in1k.py', 'self-supervised'),
        ('mmpretrain::blip/blip-base_8xb32_caption.py', 'no detector, segmentor or classifier'),
        ('mmpretrain::arcface/resnet50-arcface_8xb32_inshop.py', 'retrieval'),
        ('mmpretrain::lenet/lenet5_mnist.py', '1 channel'),
    ],
)
def test_what_cannot_work_says_so_in_one_sentence(source, words, tmp_path):
    with pytest.raises(UserError, match=words) as error:
        wrap(source, tmp_path)
    assert str(error.value).endswith('.')
    assert '\n' not in str(error.value)


def test_wrong_requests_say_what_to_do(tmp_path):
    with pytest.raises(UserError, match='choose one of fdsr, h2t, l2t'):
        Wrapping(method='sr4irr')
    with pytest.raises(UserError, match='contradicts'):
        Wrapping(method='h2t', lr_input=True)
    with pytest.raises(UserError, match=r'does not exist; give a file'):
        wrap(tmp_path / 'nothing.py', tmp_path)
    with pytest.raises(UserError, match='cannot be read'):
        wrap('mmdet::retinanet/nothing.py', tmp_path)
    with pytest.raises(UserError, match='ImageClassifier has no head, .* give it one'):
        wrap('mmpretrain::eva02/eva02-tiny-p14_headless.py', tmp_path)
    with pytest.raises(UserError, match='leave runner_type and strategy out|trains its networks'):
        wrap('mmpretrain::mae/benchmarks/vit-huge-p14_8xb128-ds-coslr-50e_in1k.py', tmp_path)
    with pytest.raises(UserError, match='has no model'):
        wrap('mmdet::_base_/schedules/schedule_1x.py', tmp_path)


def test_a_config_in_pure_python_is_wrapped_from_its_text(tmp_path):
    pure, text = tmp_path / 'pure.py', own_config(tmp_path).read_text()
    imports = 'from mmengine.runner import EpochBasedTrainLoop\n'
    pure.write_text(imports + text.replace("'EpochBasedTrainLoop'", 'EpochBasedTrainLoop'))

    with pytest.raises(UserError, match='pure Python .* python -c .* and wrap text.py') as told:
        wrap(pure, tmp_path)
    code = str(told.value).split('python -c "')[1].split('", and wrap')[0]
    subprocess.run([sys.executable, '-W', 'ignore', '-c', code], cwd=tmp_path, check=True)

    assert 'mmengine.runner.EpochBasedTrainLoop' in (tmp_path / 'text.py').read_text()
    mixed = tmp_path / 'mixed.py'
    mixed.write_text(f"_base_ = '{pure.name}'\n")
    with pytest.raises(UserError, match='cannot be read .* check its name'):
        wrap(mixed, tmp_path)
    own = wrap(own_config(tmp_path), tmp_path).to_dict()
    wrapped = wrap(tmp_path / 'text.py', tmp_path).to_dict()
    assert wrapped.pop('train_cfg')['type'] == 'mmengine.runner.EpochBasedTrainLoop'
    own.pop('train_cfg')
    assert wrapped == own


def test_a_classifier_of_another_library_keeps_it(tmp_path):
    cfg = wrap('mmdet::rtmdet/classification/cspnext-tiny_8xb256-rsb-a1-600e_in1k.py', tmp_path)
    assert (cfg.default_scope, cfg.model.task_net._scope_) == ('mmpretrain', 'mmpretrain')
    assert cfg.model.cqmix == dict(grid=4)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        assert type(MODELS.build(small(cfg).model).task_net).__name__ == 'ImageClassifier'


@pytest.mark.parametrize(
    'source',
    [
        'mmdet::gn+ws/faster-rcnn_r50_fpn_gn-ws-all_1x_coco.py',
        'mmdet::legacy_1.x/retinanet_r50_fpn_1x_coco_v1.py',
    ],
)
def test_an_address_that_mmengine_does_not_take_is_found(source, tmp_path):
    cfg = wrap(source, tmp_path)
    assert cfg.model.task_net._scope_ == 'mmdet'
    assert Path(Config.fromfile(tmp_path / 'wrapped.py').filename).is_file()


def test_the_share_of_a_centre_crop_stays(tmp_path):
    source = 'mmpretrain::efficientnet/efficientnet-b0_8xb32_in1k.py'
    for loader in ('val_dataloader', 'test_dataloader'):
        (crop,) = (
            step
            for step in wrap(source, tmp_path, lr_input=True)[loader].dataset.pipeline
            if step.type == 'EfficientNetCenterCrop'
        )
        assert (crop.crop_size, crop.crop_padding) == (56, 8)


def test_command_line(tmp_path):
    env = {**os.environ, 'PYTHONPATH': str(ROOT)}
    tool = [sys.executable, '-W', 'ignore', str(ROOT / 'tools' / 'wrap_config.py')]
    out = tmp_path / 'new' / 'yolox.py'
    done = subprocess.run(
        [*tool, YOLOX, '--sr', 'srcnn', '--scale', '2', '-o', str(out)], env=env, cwd=tmp_path
    )
    assert done.returncode == 0
    assert Config.fromfile(out).model.sr_net.upscale_factor == 2
    failed = subprocess.run(
        [*tool, 'none.py', '-o', str(out)], env=env, capture_output=True, text=True
    )
    assert failed.returncode == 2
    assert failed.stderr.strip().splitlines()[-1].startswith('error: the config')


def test_the_wrapped_config_is_never_replaced(tmp_path):
    source = own_config(tmp_path)
    link = tmp_path / 'link.py'
    link.symlink_to(source)
    for out in (source, link):
        with pytest.raises(UserError, match='is the config that is wrapped and would be lost'):
            check_target(str(source), str(out), force=True)


def test_a_file_of_the_users_is_replaced_on_demand_alone(tmp_path):
    source, out = str(own_config(tmp_path)), tmp_path / 'out.py'
    check_target(source, str(out))
    out.write_text('# precious\n')
    with pytest.raises(UserError, match='replace it with --force'):
        check_target(source, str(out))
    check_target(source, str(out), force=True)
    write_config(wrap_config(source, Wrapping(), str(out)), str(out))
    check_target(source, str(out))
    with pytest.raises(UserError, match='is a folder'):
        check_target(source, str(tmp_path))


def test_a_config_that_does_not_load_is_not_written(tmp_path):
    out = tmp_path / 'out.py'
    out.write_text('# before\n')
    with pytest.raises(UserError, match=r'out\.py would not load'):
        write_config("_base_ = 'nothing.py'\n", str(out))
    assert out.read_text() == '# before\n'
    assert list(tmp_path.iterdir()) == [out]


def test_a_base_of_the_wrapped_config_is_not_replaced(tmp_path):
    base = own_config(tmp_path)
    child = base.with_name('child.py')
    child.write_text("_base_ = 'zoo.py'\n")
    before = base.read_text()
    with pytest.raises(UserError, match='inherits from and would be lost'):
        write_config(wrap_config(str(child), Wrapping(), str(base)), str(base))
    assert base.read_text() == before


def test_the_help_names_every_network_and_method():
    tool = [sys.executable, '-W', 'ignore', str(ROOT / 'tools' / 'wrap_config.py'), '--help']
    told = subprocess.run(tool, capture_output=True, text=True, check=True).stdout
    words = ' '.join(told.split()).replace('- ', '-')
    assert ', '.join(SR_NETS) in words
    assert ', '.join(method_names()) in words


def test_weights_that_a_method_needs_are_asked_for(tmp_path, capsys, monkeypatch):
    tool = runpy.run_path(str(ROOT / 'tools' / 'wrap_config.py'))
    out = str(tmp_path / 'out.py')
    for method, ask in (('sr4ir-plus', True), ('fdsr', True), ('sr4ir', False)):
        monkeypatch.setattr(sys, 'argv', ['wrap', RETINANET, '--method', method, '-o', out])
        tool['main']()
        assert ('--task-ckpt' in capsys.readouterr().out) == ask


def test_an_output_that_cannot_be_written_is_told(tmp_path, monkeypatch):
    tool = runpy.run_path(str(ROOT / 'tools' / 'wrap_config.py'))
    (tmp_path / 'file').touch()
    out = str(tmp_path / 'file' / 'out.py')
    monkeypatch.setattr(sys, 'argv', ['wrap', RETINANET, '-o', out])
    with pytest.raises(UserError, match='give another place with -o'):
        tool['main']()


def test_config_text_reads_back():
    parts = dict(
        a=dict(type='A', values=(1,), flags=[True, None], nested={'x-y': 1.5, 'z': 'long' * 30}),
        b=Code('[1, 2]'),
        c={'**': Code('dict(p=1)'), 'q': 2},
    )
    scope: dict = {}
    exec(assignments(parts), scope)
    assert scope['a'] == parts['a']
    assert scope['b'] == [1, 2]
    assert scope['c'] == dict(p=1, q=2)
    assert max(map(len, assignments(dict(a=list(range(200)))).splitlines())) < 120


def test_make_batch_is_deterministic():
    net = MODELS.build(toy.detector())
    first, second = (make_batch(net, [(64, 48)], seed=3) for _ in range(2))
    assert torch.equal(first['inputs'][0], second['inputs'][0])
    boxes = first['data_samples'][0].gt_instances.bboxes.tensor.numpy()
    assert np.all(boxes[:, 2:] <= (48, 64))
    assert np.all(boxes[:, 2:] > boxes[:, :2])


def test_by_hand_as_documented(tmp_path):
    text = (ROOT / 'docs' / 'wrap.md').read_text()
    block = text.split('## The same by hand')[1].split('```python\n')[1].split('```')[0]
    assert len(block.strip().splitlines()) <= 10
    (tmp_path / 'by_hand.py').write_text(block)
    cfg = Config.fromfile(tmp_path / 'by_hand.py')
    cfg.model.task_net.backbone.init_cfg = None
    init_default_scope(cfg.default_scope)
    model = MODELS.build(small(cfg).model)
    assert set(build_optim_wrapper(model, cfg.optim_wrapper).keys()) == {'sr_net', 'task_net'}
