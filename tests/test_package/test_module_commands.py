"""The package from outside the clone: configs by name and tools as commands."""

import runpy
import sys
from pathlib import Path

import pytest
from mmengine.config import Config

import sr4ir_mm
from sr4ir_mm.__main__ import COMMANDS, TOOLS
from sr4ir_mm.registry import MODELS


def command(monkeypatch, *arguments):
    monkeypatch.setattr(sys, 'argv', ['sr4ir_mm', *arguments])
    with pytest.raises(SystemExit) as stop:
        runpy.run_module('sr4ir_mm', run_name='__main__')
    return stop.value.code


def test_a_config_of_the_package_is_a_base_by_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'mine.py').write_text(
        "_base_ = 'sr4ir_mm::sr4ir/faster-rcnn-tiny_edsr-tiny_x4_sample.py'\n"
        'train_cfg = dict(max_epochs=3)\n'
    )

    cfg = Config.fromfile(tmp_path / 'mine.py')

    assert cfg.train_cfg.max_epochs == 3
    model = MODELS.build(cfg.model)
    assert type(model).__module__.startswith(f'{sr4ir_mm.__name__}.')
    assert type(model.task_net.roi_head).__module__.startswith('mmdet.')


@pytest.mark.parametrize('name', sorted(COMMANDS))
def test_every_command_has_its_tool_and_tells_its_options(name, monkeypatch, capsys):
    assert (TOOLS / COMMANDS[name]).is_file()

    assert command(monkeypatch, name, '--help') == 0

    assert capsys.readouterr().out.startswith(f'usage: {Path(COMMANDS[name]).name}')


@pytest.mark.parametrize('arguments', [(), ('fly',)])
def test_without_a_command_they_are_listed(arguments, monkeypatch, capsys):
    assert command(monkeypatch, *arguments) == 2

    assert 'train,test,predict' in capsys.readouterr().err
