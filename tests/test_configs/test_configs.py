"""Every shipped config: its rules, and one training and one evaluation step with narrow networks."""

import ast
import re
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.registry import DefaultScope

from sr4ir_mm.engine.schedulers.cosine_restart import derived_periods
from sr4ir_mm.registry import MODELS, OPTIM_WRAPPER_CONSTRUCTORS, TRANSFORMS
from sr4ir_mm.testing.samples import make_batch
from sr4ir_mm.testing.tiny import SIDE, shrink

ROOT = Path(__file__).parents[2] / 'configs'
PROJECTS = ROOT.parent / 'projects'
LEAVES = sorted(
    path
    for path in [*ROOT.glob('*/*.py'), *PROJECTS.glob('*/configs/*.py')]
    if path.name != '_base_.py' and path.parent.name != '_base_'
)
METHODS = ('h2t', 'l2t', 'sr', 's2t', 't2s', 'swt', 'sr4ir')
TASKS = {'faster-rcnn': ('voc',), 'deeplabv3': ('voc',), 'resnet18': ('cars', 'cub')}
NAME = re.compile(r'[a-z0-9-]+(_[a-z0-9-]+){1,3}')


def name_of(path):
    root = ROOT if path.is_relative_to(ROOT) else PROJECTS
    return str(path.relative_to(root).with_suffix(''))


def depth(path):
    """Levels of a config: 1 without bases, else one more than its deepest base."""
    bases = [
        ast.literal_eval(node.value)
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == '_base_'
    ]
    files = [file for base in bases for file in ([base] if isinstance(base, str) else base)]
    assert not any(
        '::' in file for file in files
    )  # they bring training schedules and data sets along
    return 1 + max((depth(path.parent / file) for file in files), default=0)


def paper_table():
    """Names of the configs of the paper's main table."""
    names = set()
    for task, data_sets in TASKS.items():
        for data in data_sets:
            names.add(f'h2t/{task}_{data}')
            for scale in (4, 8):
                names.add(f'l2t/{task}_x{scale}_{data}')
                for sr in ('edsr', 'swinir'):
                    names |= {
                        f'{m}/{task}_{sr}_x{scale}_{data}' for m in ('s2t', 't2s', 'swt', 'sr4ir')
                    }
    for data in ('voc-det', 'voc-seg', 'cars', 'cub'):
        names |= {f'sr/{sr}_x{scale}_{data}' for sr in ('edsr', 'swinir') for scale in (4, 8)}
    return names


def test_the_papers_table_is_complete():
    assert paper_table() - {name_of(path) for path in LEAVES} == set()


@pytest.mark.parametrize('path', LEAVES, ids=name_of)
def test_leaf_is_short_and_shallow_and_rightly_named(path):
    assert len(path.read_text().splitlines()) <= 20
    assert depth(path) <= 3
    assert NAME.fullmatch(path.stem)


@pytest.mark.parametrize('path', LEAVES, ids=name_of)
def test_a_run_killed_while_it_saves_keeps_a_checkpoint(path):
    """mmengine removes the oldest checkpoint before it has written the newest."""
    assert Config.fromfile(path).default_hooks.checkpoint.get('max_keep_ckpts', -1) not in (0, 1)


@pytest.mark.parametrize('path', LEAVES, ids=name_of)
def test_leaf_trains_and_evaluates(path):
    cfg = shrink(Config.fromfile(path))
    scale = re.search(r'_x(\d)_', path.stem)
    assert cfg.model.scale == int(scale[1]) if scale else cfg.model.get('sr_net') is None
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        torch.manual_seed(0)
        model = MODELS.build(cfg.model)
        model.init_weights()
        optimizers = OPTIM_WRAPPER_CONSTRUCTORS.build(
            dict(
                type='sr4ir_mm.SeparateOptimWrapperConstructor',
                optim_wrapper_cfg=without_constructor(cfg),
            )
        )(model)
        assert set(cfg.get('param_scheduler') or {}) == set(model.trained_nets())
        assert bool(cfg.get('train_cfg')) == bool(model.trained_nets())
        before = {name: value.clone() for name, value in model.named_parameters()}
        from_lr = cfg.model.get('test_cfg', {}).get('input') == 'lr'
        factor = cfg.model.scale if from_lr else 1
        side = SIDE // factor
        # Of uneven height, so that detection and evaluation have a border.
        training_sizes = (
            [(side, side), (side - 8, side)] if cfg.default_scope == 'mmdet' else [(side, side)] * 2
        )

        logs = model.train().train_step(make_batch(model.task_net, training_sizes), optimizers)
        moved = {
            name.split('.')[0]
            for name, value in model.named_parameters()
            if not torch.equal(value, before[name])
        }
        model.eval()
        batch = make_batch(model.task_net, [(side - 6, side)], seed=1, training=False)
        with torch.no_grad():
            samples = model.val_step(batch)
        metrics = evaluate(cfg, model, batch, samples)

    assert all(torch.isfinite(torch.as_tensor(value)).all() for value in logs.values())
    assert moved == set(model.trained_nets())
    assert samples[0].get('sr_rgb01').shape == (3, (side - 6) * factor, side * factor)
    measured = {metric.type.rpartition('.')[2] for metric in cfg.val_evaluator}
    assert {name for name in ('psnr', 'ssim', 'fsim') if name.upper() in measured} == {
        name.removeprefix('sr/') for name in metrics if name in ('sr/psnr', 'sr/ssim', 'sr/fsim')
    }
    assert 'PSNR' in measured or from_lr or cfg.model.get('test_cfg', {}).get('image') == 'hr'


@pytest.mark.parametrize('path', LEAVES, ids=name_of)
def test_data_transforms_of_a_leaf_are_known(path):
    cfg = Config.fromfile(path)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        for loader in filter(None, (cfg.get('train_dataloader'), cfg.val_dataloader)):
            for dataset in loader.dataset.get('datasets', [loader.dataset]):
                for transform in dataset.pipeline:
                    TRANSFORMS.build(transform)


def without_constructor(cfg):
    wrappers = cfg.get('optim_wrapper') or {}
    return {name: value for name, value in wrappers.items() if name != 'constructor'}


def evaluate(cfg, model, batch, samples):
    """All metrics of the config that need no annotation file."""
    metrics = (
        cfg.val_evaluator if isinstance(cfg.val_evaluator, (list, tuple)) else [cfg.val_evaluator]
    )
    metrics = [metric for metric in metrics if not metric.type.endswith('CocoMetric')]
    if not metrics:
        return {}
    evaluator = Evaluator(metrics)
    classes = getattr(getattr(model.task_net, 'decode_head', None), 'num_classes', 1)
    evaluator.dataset_meta = dict(classes=[f'class {i}' for i in range(classes)])
    evaluator.process(samples, batch)
    return evaluator.evaluate(len(samples))


@pytest.mark.parametrize(
    'path', [path for path in LEAVES if path.parent.name in ('s2t', 't2s')], ids=name_of
)
def test_weights_of_another_run_name_a_config_and_its_last_epoch(path):
    init_from = Config.fromfile(path).model.init_from
    source = init_from.sr_net if path.parent.name == 's2t' else init_from.task_net
    if source.startswith('demo/'):
        assert (ROOT.parent / source).is_file()
        return
    method, stem, epoch = re.fullmatch(r'work_dirs/(\w+)/([^/]+)/epoch_(\d+)\.pth', source).groups()
    folder = 'sr' if path.parent.name == 's2t' else 'h2t'
    assert method == folder  # the default work dir of that config

    other = Config.fromfile(ROOT / folder / f'{stem}.py')

    assert other.train_cfg.max_epochs == int(epoch)
    assert other.train_dataloader == Config.fromfile(path).train_dataloader
    assert other.model.task_net == Config.fromfile(path).model.task_net


# What methods.md 5.2 and 5.3 say, by task: epochs, batch, task rate, weight decay, periods of SR4IR, warm-up, seed.
SETTINGS = {
    'faster-rcnn': (30, 16, 2e-2, 1e-4, [2, 27], 1, 100),
    'deeplabv3': (100, 16, 2e-2, 1e-6, [10, 90], 0, 200),
    'resnet18': (200, 128, 3e-2, 1e-4, [20, 180], 0, 200),
}


@pytest.mark.parametrize('method', ['h2t', 'swt', 'sr4ir'])
@pytest.mark.parametrize('task', SETTINGS)
def test_settings_of_the_paper(task, method):
    epochs, batch, rate, decay, periods, warmup, seed = SETTINGS[task]
    data = TASKS[task][0]
    cfg = Config.fromfile(
        ROOT / method / (f'{task}_{data}.py' if method == 'h2t' else f'{task}_swinir_x8_{data}.py')
    )

    assert cfg.train_cfg.max_epochs == epochs
    assert cfg.train_dataloader.batch_size == cfg.auto_scale_lr.base_batch_size == batch
    assert cfg.optim_wrapper.task_net.optimizer == dict(
        type='SGD', lr=rate, momentum=0.9, weight_decay=decay
    )
    assert cfg.randomness.seed == seed
    expected = periods if method == 'sr4ir' else [epochs]
    for name, eta_min in (('sr_net', 1e-6), ('task_net', 1e-4)):
        if name in cfg.param_scheduler:
            (schedule,) = cfg.param_scheduler[name]
            begin = cfg.model.phases[0].tdp.begin if method == 'sr4ir' else 0.0
            assert schedule.get('restart') == ('loss_start' if method == 'sr4ir' else None)
            assert derived_periods(epochs, warmup, begin) == expected
            assert (schedule.eta_min, schedule.get('warmup', 0)) == (eta_min, warmup)
    if method != 'h2t':
        assert cfg.optim_wrapper.sr_net.optimizer == dict(type='AdamW', lr=1e-4, weight_decay=0.0)
    if method == 'sr4ir':
        sr_phase, task_phase = cfg.model.phases
        # The TDP loss starts with the restart of the learning rate.
        assert sr_phase.tdp.begin * epochs == pytest.approx(periods[0] + warmup)
        assert task_phase.images == dict(sr=0.34, hr=0.34, cqmix=0.34)
        assert cfg.model.get('cqmix', {}).get('grid', 8) == (4 if task == 'resnet18' else 8)


def test_lpips_replaces_ssim_by_an_option():
    """What the paper's tables need, and the data set configs say."""
    for name in (
        'faster-rcnn_edsr_x4_voc',
        'deeplabv3_edsr_x4_voc',
        'resnet18_edsr_x4_cars',
        'resnet18_edsr_x4_cub',
    ):
        cfg = Config.fromfile(ROOT / f'sr4ir/{name}.py')
        cfg.merge_from_dict({'test_evaluator.2.type': 'sr4ir_mm.LPIPS'})

        assert [metric.type for metric in cfg.test_evaluator[1:]] == [
            'sr4ir_mm.PSNR',
            'sr4ir_mm.LPIPS',
        ]
        assert all(metric.crop_border == 8 for metric in cfg.test_evaluator[1:])


def test_the_ledger_names_tests_that_exist():
    text = (ROOT.parent / 'docs/fidelity.md').read_text()
    cited = re.findall(r'`((?:[a-z_]+/)+test_\w+\.py)(?:::(\w+))?`', text)

    assert len(cited) > 40
    for file, name in cited:
        source = ROOT.parent / 'tests' / file
        assert source.is_file(), file
        assert not name or f'def {name}(' in source.read_text(), f'{file}::{name}'
