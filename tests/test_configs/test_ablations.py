"""The ablations of SR4IR differ from it in what they are named after, and in nothing else."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from mmengine.config import Config

from sr4ir_mm.engine.schedulers.cosine_restart import restart_share

ROOT = Path(__file__).parents[2] / 'configs'
LEAVES = ('deeplabv3_edsr_x8_voc', 'resnet18_edsr_x8_cars')
TDP = dict(weight=1.0, begin=0.1)
ALL = dict(sr=0.34, hr=0.34, cqmix=0.34)
#: Method -> TDP loss, images of the task phase. The weights of fewer kinds sum to what SR4IR's do, about 1.
ALTERNATE = {
    'sr4ir_no_tdp': (None, dict(sr=0.5, hr=0.5)),
    'sr4ir_sr_hr': (TDP, dict(sr=0.5, hr=0.5)),
    'sr4ir_sr': (TDP, dict(sr=1.0)),
    'sr4ir_hr': (TDP, dict(hr=1.0)),
    'sr4ir_fixed': (TDP, ALL),
    'sr4ir_vgg': (dict(TDP, layers=['backbone.-1']), ALL),
}
EXTRACTORS = {
    'sr4ir_fixed': lambda cfg: cfg.model.extractor == 'task_net',
    'sr4ir_vgg': lambda cfg: cfg.model.extractor.backbone.type == 'sr4ir_mm.TorchvisionVGG',
}


def load(method, leaf):
    return Config.fromfile(ROOT / method / f'{leaf}.py')


def common(cfg):
    """A config without what an ablation may change."""
    cfg = cfg.to_dict()
    starts = [phase['tdp']['begin'] for phase in cfg['model']['phases'] if phase.get('tdp')]
    for (scheduler,) in cfg['param_scheduler'].values():
        # A restart that follows a loss is compared by when it is, not by how it is written.
        optimizer = SimpleNamespace(loss_starts=sorted(set(starts)))
        scheduler['restart'] = restart_share(scheduler['restart'], optimizer)
    for key in ('phases', 'extractor'):
        cfg['model'].pop(key, None)
    cfg['model']['init_from'].pop('extractor', None)
    return cfg


@pytest.mark.parametrize('leaf', LEAVES)
@pytest.mark.parametrize('method', [*ALTERNATE, 'sr4ir_joint'])
def test_all_else_is_sr4ir(method, leaf):
    assert common(load(method, leaf)) == common(load('sr4ir', leaf))


@pytest.mark.parametrize('leaf', LEAVES)
@pytest.mark.parametrize('method', ALTERNATE)
def test_phases_are_what_the_name_says(method, leaf):
    cfg = load(method, leaf)
    tdp, images = ALTERNATE[method]
    sr_phase, task_phase = cfg.model.phases

    assert sr_phase.get('tdp') == tdp
    assert sr_phase.pixel == dict(weight=1.0)
    assert task_phase.images == images
    assert EXTRACTORS.get(method, lambda cfg: 'extractor' not in cfg.model)(cfg)


@pytest.mark.parametrize('leaf', LEAVES)
def test_joint_training_has_all_losses_in_one_phase(leaf):
    (phase,) = load('sr4ir_joint', leaf).model.phases
    assert phase.type == 'sr4ir_mm.JointPhase'
    assert (phase.pixel, phase.tdp, phase.images) == (dict(weight=1.0), TDP, ALL)


@pytest.mark.parametrize('leaf', LEAVES)
def test_a_finished_extractor_is_the_last_checkpoint_of_h2t(leaf):
    method, stem, checkpoint = load('sr4ir_fixed', leaf).model.init_from.extractor.split('/')[1:]
    source = load(method, stem)

    assert method == 'h2t'
    assert checkpoint == f'epoch_{source.train_cfg.max_epochs}.pth'
    assert source.model.task_net == load('sr4ir_fixed', leaf).model.task_net
