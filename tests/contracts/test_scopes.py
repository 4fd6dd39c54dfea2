"""Every child comes from the library that the config means (traps 4 and 5)."""

import subprocess
import sys

import pytest
from mmengine.registry import DefaultScope

from sr4ir_mm import registry
from sr4ir_mm.utils.errors import UserError
from tests import toy

LIBRARIES = {'det': 'mmdet', 'seg': 'mmseg', 'cls': 'mmpretrain'}


@pytest.mark.parametrize('scope', ['mmengine', 'sr4ir_mm', 'mmdet', 'mmseg', 'mmpretrain'])
@pytest.mark.parametrize('task', list(LIBRARIES))
def test_children_are_the_task_librarys_under_any_default_scope(task, scope):
    with DefaultScope.overwrite_default_scope(scope):
        model = toy.build(task)
        assert DefaultScope.get_current_instance().scope_name == scope
    foreign = {
        type(m).__module__.split('.')[0]
        for m in model.task_net.modules()
        if type(m).__module__.split('.')[0] in LIBRARIES.values()
    }
    assert foreign == {LIBRARIES[task]}
    assert type(model.adapter).__module__.startswith('sr4ir_mm')


def test_prefix_alone_is_enough():
    net = toy.detector()
    del net['_scope_']
    net['type'] = 'mmdet.RetinaNet'
    with DefaultScope.overwrite_default_scope('mmengine'):
        model = toy.build('det', task_net=net)
    assert type(model.task_net.backbone).__module__.startswith('mmdet')


def test_top_level_preprocessor_goes_to_the_task_net():
    """mmpretrain configs keep it beside the model; the Runner hands it to the outermost one."""
    net = toy.classifier()
    preprocessor = net.pop('data_preprocessor')
    preprocessor.update(mean=[1.0, 2.0, 3.0])
    model = toy.build('cls', task_net=net, data_preprocessor=preprocessor)
    assert model.task_net.data_preprocessor.mean.flatten().tolist() == [1.0, 2.0, 3.0]
    assert model.data_preprocessor.task_preprocessor is model.task_net.data_preprocessor


def test_registering_does_not_touch_the_default_scope():
    from sr4ir_mm.utils.setup_env import register_all_modules

    with DefaultScope.overwrite_default_scope('mmdet'):
        register_all_modules()
        assert DefaultScope.get_current_instance().scope_name == 'mmdet'


def test_every_mmengine_registry_has_a_child():
    from mmengine import registry as root

    names = {name for name in dir(root) if name.isupper() and name != 'DATA_SAMPLERS'} | {
        'DATA_SAMPLERS'
    }
    for name in names:
        child = getattr(registry, name)
        assert child.scope == 'sr4ir_mm'
        assert child.parent is getattr(root, name)


def test_the_package_imports_without_mmagic():
    """mmagic is imported only when a config names it, and its absence is told in one sentence."""
    code = (
        "import sys; sys.modules['mmagic'] = None\n"
        'import sr4ir_mm, sr4ir_mm.models, sr4ir_mm.engine, sr4ir_mm.datasets, sr4ir_mm.evaluation\n'
        'from sr4ir_mm.models.sr_nets import build_sr_net\n'
        'from sr4ir_mm.utils.errors import UserError\n'
        'try:\n'
        "    build_sr_net(dict(type='mmagic.EDSRNet'))\n"
        'except UserError as error:\n'
        "    assert 'mmagic==1.2.0' in str(error) and '\\n' not in str(error), error\n"
        "    print('told')\n"
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=False)
    assert done.stdout.strip().endswith('told'), done.stderr


def test_a_network_of_no_known_library_is_told():
    import torch
    from mmengine.model import ImgDataPreprocessor

    net = torch.nn.Conv2d(3, 3, 1)
    net.data_preprocessor = ImgDataPreprocessor()
    with pytest.raises(UserError, match='No adapter is known'):
        toy.build('cls', task_net=net)
