"""Inference end to end against the networks alone, on a tiny classifier."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest
from mmengine.config import Config

from tests import toy

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize('task', ['cls', 'det'])
def test_the_parts_are_timed(task, tmp_path, monkeypatch, capsys):
    path = ROOT / 'tools' / 'analysis_tools' / 'benchmark_inference.py'
    spec = importlib.util.spec_from_file_location('inference_tool', path)
    tool = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, tool)
    spec.loader.exec_module(tool)
    cfg = dict(
        default_scope=toy.TASK_NETS[task]()['_scope_'],
        model=dict(
            type='sr4ir_mm.TaskDrivenSR',
            scale=toy.SCALE,
            sr_net=dict(type='sr4ir_mm.ToySR'),
            task_net=toy.TASK_NETS[task](),
            phases=[toy.SR_PHASE, toy.TASK_PHASE],
        ),
    )
    Config(cfg).dump(tmp_path / 'config.py')
    out = tmp_path / 'out.json'
    command = ['x', str(tmp_path / 'config.py'), '--size', '16', '16', '--iterations', '2']
    monkeypatch.setattr(sys, 'argv', [*command, '--out', str(out)])
    tool.main()

    figures = json.loads(out.read_text())
    assert all(figures[name] > 0 for name in tool.PARTS)
    assert figures['ratio'] > 0.5
    assert 'end to end' in capsys.readouterr().out
