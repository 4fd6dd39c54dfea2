"""Filling the registries at once."""

from mmengine.registry import DefaultScope

from sr4ir_mm.registry import MODELS
from sr4ir_mm.utils.setup_env import register_all_modules


def test_registries_are_filled_and_the_scope_is_left_alone():
    register_all_modules()
    assert 'TaskDrivenSR' in MODELS.module_dict
    assert DefaultScope.get_current_instance() is None


def test_scope_on_request():
    register_all_modules(init_default_scope=True)
    assert DefaultScope.get_current_instance().scope_name == 'sr4ir_mm'
