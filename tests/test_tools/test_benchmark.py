"""The benchmark of an iteration, on a tiny network."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest
from mmengine.config import Config

from sr4ir_mm.utils.errors import UserError
from tests import toy

ROOT = Path(__file__).parents[2]


@pytest.fixture
def benchmark(tmp_path, monkeypatch):
    """Runs the tool on a toy classifier and returns its report."""
    path = ROOT / 'tools' / 'analysis_tools' / 'benchmark.py'
    spec = importlib.util.spec_from_file_location('benchmark_tool', path)
    tool = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, tool)
    spec.loader.exec_module(tool)
    sgd = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.01))
    cfg = dict(
        default_scope='mmpretrain',
        model=dict(
            type='sr4ir_mm.TaskDrivenSR',
            scale=toy.SCALE,
            sr_net=dict(type='sr4ir_mm.ToySR'),
            task_net=toy.classifier(),
            phases=[toy.SR_PHASE, toy.TASK_PHASE],
        ),
        optim_wrapper=dict(
            constructor='sr4ir_mm.SeparateOptimWrapperConstructor', sr_net=sgd, task_net=sgd
        ),
    )
    Config(cfg).dump(tmp_path / 'config.py')

    def run(*options):
        out = tmp_path / 'report.json'
        command = ['benchmark.py', str(tmp_path / 'config.py'), '--out', str(out)]
        small = ['--batch', '2', '--size', '32', '32', '--iterations', '2']
        monkeypatch.setattr(sys, 'argv', [*command, *small, *options])
        tool.main()
        return json.loads(out.read_text())

    run.tool = tool
    return run


def test_variants_are_measured_in_turn(benchmark, capsys):
    report = benchmark('--compare', 'literal', 'default', 'draw-sample')
    assert list(report['variants']) == ['literal', 'default', 'draw-sample']
    for figures in report['variants'].values():
        assert figures['spread'][0] <= figures['total'] <= figures['spread'][1]
        assert figures['parts']['SR forward'] > 0
    assert 'task forward 3' in report['variants']['default']['parts']
    assert 'task forward 2' not in report['variants']['draw-sample']['parts']
    assert '| **iteration** |' in capsys.readouterr().out


def test_multiply_adds_of_methods(benchmark):
    """The cheap variant costs the mean over a training: its SR phase runs in every second iteration of the half."""
    report = benchmark('--flops', '--methods', 'l2t', 'sr4ir', 'sr4ir-lite')
    costs = {name: figures['total'] for name, figures in report['variants'].items()}
    assert costs['l2t'] < costs['sr4ir-lite'] < costs['sr4ir']
    lite = report['variants']['sr4ir-lite']['parts']
    full = report['variants']['sr4ir']['parts']
    assert lite['TDP features'] == full['TDP features'] / 4


def test_few_iterations_are_a_whole_cycle(benchmark):
    """Its SR phase runs in one iteration of four: one iteration alone has no mean over a training."""
    report = benchmark('--methods', 'l2t', 'sr4ir-lite', '--iterations', '1')
    parts = report['variants']['sr4ir-lite']['parts']
    assert parts['TDP features'] > 0


def test_methods_in_mixed_precision(benchmark):
    full = benchmark('--methods', 'sr4ir')
    half = benchmark('--methods', 'sr4ir', '--autocast', 'bfloat16')
    assert (full['autocast'], half['autocast']) == (None, 'bfloat16')
    assert half['variants']['sr4ir']['total'] > 0
    with pytest.raises(UserError, match='goes with --methods'):
        benchmark('--compare', 'default', '--autocast', 'bfloat16')


def test_multiply_adds_tell_a_floor_of_the_seconds(benchmark, monkeypatch, capsys):
    """Printed to two places: at this rate an iteration takes seconds that are not 0.00."""
    monkeypatch.setattr(benchmark.tool, 'best_rate', lambda device: 1e6)
    report = benchmark('--flops', '--compare', 'default')
    assert report['best_rate'] == 1e6
    seconds = report['variants']['default']['total'] / 1e6
    assert f'| seconds at least, at 0 G a second | {seconds:.2f} |' in capsys.readouterr().out


def test_settings_of_the_config_are_numbers(benchmark):
    """As benchmark_growth.py gives them; a text would be refused as a scale."""
    small = benchmark(
        '--flops', '--compare', 'default', '--cfg-options', 'model.scale=4', 'model.sr_net.scale=4'
    )
    large = benchmark(
        '--flops', '--compare', 'default', '--cfg-options', 'model.scale=2', 'model.sr_net.scale=2'
    )

    parts = [report['variants']['default']['parts']['SR forward'] for report in (small, large)]
    assert 0 < parts[0] < parts[1]
