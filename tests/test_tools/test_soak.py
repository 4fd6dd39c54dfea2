"""The watch over a long training."""

import runpy
from pathlib import Path

import pytest

SOAK = runpy.run_path(str(Path(__file__).parents[2] / 'tools/analysis_tools/soak.py'))


def test_a_sample_sees_a_file_that_is_left_open(tmp_path):
    before = SOAK['sample']()
    with open(tmp_path / 'x', 'w'):
        assert SOAK['sample']()['open_files'] == before['open_files'] + 1
    assert before['resident_mib'] > 50


def test_what_is_built_once_is_no_growth_and_a_leak_is():
    steady = [dict(resident_mib=min(100 + 5 * i, 150), open_files=9, threads=3) for i in range(40)]
    leaky = [dict(s, open_files=9 + i) for i, s in enumerate(steady)]

    assert SOAK['growth'](steady) == dict(resident_mib=0, open_files=0, threads=0)
    assert SOAK['growth'](leaky)['open_files'] == pytest.approx(20)
