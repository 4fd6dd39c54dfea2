"""Names of what configs build."""

import pytest
from mmengine.config import ConfigDict
from mmengine.hooks import CheckpointHook

from sr4ir_mm.utils.kinds import class_name


@pytest.mark.parametrize(
    ('settings', 'name'),
    [
        ('CheckpointHook', 'CheckpointHook'),
        ('mmengine.CheckpointHook', 'CheckpointHook'),
        ('mmengine.hooks.CheckpointHook', 'CheckpointHook'),
        (CheckpointHook, 'CheckpointHook'),
        (dict(type='mmengine.CheckpointHook', interval=1), 'CheckpointHook'),
        (ConfigDict(type=CheckpointHook), 'CheckpointHook'),
        (dict(interval=1), ''),
        (None, ''),
    ],
)
def test_name_of_what_a_config_builds(settings, name):
    assert class_name(settings) == name
