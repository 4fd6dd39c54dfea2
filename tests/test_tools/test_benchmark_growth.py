"""How an iteration grows, with a stand-in for the benchmark of each point."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
#: Writes a report in which each setting shows, as benchmark.py would.
STAND_IN = """
import json, sys
options = dict(zip(sys.argv, sys.argv[1:]))
batch, threads = int(options['--batch']), int(options['--threads'])
side = int(options['--size'])
scale = int(options['--cfg-options'].removeprefix('model.scale='))
assert sys.argv[-1] == f'model.sr_net.upscale_factor={scale}'
if batch == 99:
    sys.exit('error: too many')
figures = dict(total=batch * side / threads, peak_mb=batch * scale)
json.dump(dict(variants={options['--compare']: figures}), open(options['--out'], 'w'))
"""


@pytest.fixture
def growth(tmp_path, monkeypatch):
    """Runs the tool and returns its results."""
    path = ROOT / 'tools' / 'analysis_tools' / 'benchmark_growth.py'
    spec = importlib.util.spec_from_file_location('growth_tool', path)
    tool = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, tool)
    spec.loader.exec_module(tool)
    tool.BENCHMARK = tmp_path / 'benchmark.py'
    tool.BENCHMARK.write_text(STAND_IN)

    def run(*options):
        monkeypatch.setattr(sys, 'argv', ['x', 'c.py', '--out', str(tmp_path / 'out'), *options])
        tool.main()
        return json.loads((tmp_path / 'out' / 'growth.json').read_text())

    return run


def test_one_setting_changes_at_a_time(growth, tmp_path, capsys):
    results = growth(*'--batch 2 4 --side 64 128 --threads 1 2'.split())

    settings = [tuple(r[key] for key in ('batch', 'side', 'scale', 'threads')) for r in results]
    assert settings == [(2, 64, 4, 1), (4, 64, 4, 1), (2, 128, 4, 1), (2, 64, 4, 2)]
    assert [r['seconds'] for r in results] == [128, 256, 256, 64]
    assert results[1]['peak_mb'] == 16
    assert (tmp_path / 'out' / 'growth.png').stat().st_size > 1000
    assert '| 2 | 64 | 4 | 2 | 64.00 | 8 |' in capsys.readouterr().out


def test_a_point_that_fails_is_told(growth):
    with pytest.raises(Exception, match=r"'batch': 99.*too many"):
        growth('--batch', '99')
