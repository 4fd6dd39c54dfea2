"""The zoo sweep: ten configs of all families really run; failures are told and counted."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from sr4ir_mm.testing import zoo
from sr4ir_mm.utils.errors import UserError

ROOT = Path(__file__).parents[2]
TOOL = ROOT / 'tools' / 'analysis_tools' / 'zoo_sweep.py'
LIST = TOOL.with_name('zoo_configs.txt')
TEN = [
    'mmdet::retinanet/retinanet_r18_fpn_1x_coco.py',
    'mmdet::yolox/yolox_nano_8xb8-300e_coco.py',
    'mmdet::rtmdet/rtmdet-ins_tiny_8xb32-300e_coco.py',
    'mmdet::detr/detr_r18_8xb2-500e_coco.py',
    'mmdet::solov2/solov2-light_r18_fpn_ms-3x_coco.py',
    'mmseg::segformer/segformer_mit-b0_8xb2-160k_ade20k-512x512.py',
    'mmseg::fastscnn/fast_scnn_8xb4-160k_cityscapes-512x1024.py',
    'mmseg::ocrnet/ocrnet_hr18s_4xb2-40k_cityscapes-512x1024.py',
    'mmpretrain::mobilenet_v2/mobilenet-v2_8xb32_in1k.py',
    'mmpretrain::deit/deit-tiny_4xb256_in1k.py',
]


def run_tool(tmp_path, configs, *options, timeout=240):
    path = tmp_path / 'list.txt'
    path.write_text('# some\n' + '\n'.join(configs) + '\n')
    env = {**os.environ, 'PYTHONPATH': str(ROOT), 'OMP_NUM_THREADS': '1'}
    command = [sys.executable, '-W', 'ignore', str(TOOL), '--configs', str(path), *options]
    return subprocess.run(
        command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=timeout
    )


@pytest.fixture
def tool():
    spec = importlib.util.spec_from_file_location('zoo_sweep', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.timeout(300)
def test_ten_configs_pass(tmp_path):
    done = run_tool(tmp_path, TEN, '--out', str(tmp_path / 'zoo.md'), '--jobs', '2')
    assert done.returncode == 0, done.stdout[-3000:]
    assert done.stdout.strip().splitlines()[-1] == '10 of 10 passed'
    page = (tmp_path / 'zoo.md').read_text()
    assert '10 of 10 passed' in page
    assert page.count('| passed |') == 10


def test_a_failure_is_told_and_counted(tmp_path):
    refused = 'mmdet::glip/glip_atss_swin-t_a_fpn_dyhead_pretrain_obj365.py'
    done = run_tool(tmp_path, [TEN[-2], refused])
    assert done.returncode == 1
    assert done.stdout.strip().splitlines()[-1] == '1 of 2 passed'
    assert 'is prompted by text' in done.stdout


def test_the_list_is_long_and_spread(tool):
    configs = tool.read_list(str(LIST))
    assert len(configs) >= 60
    assert len(set(configs)) == len(configs)
    for library in ('mmdet', 'mmseg', 'mmpretrain'):
        families = {
            config.split('::')[1].split('/')[0] for config in configs if config.startswith(library)
        }
        assert len(families) >= 15
    assert set(TEN) <= set(configs)


def test_what_passed_is_not_run_again(tool, tmp_path):
    path = str(tmp_path / 'results.json')
    assert tool.read_results(path, ['a']) == {}
    tool.write_results(
        path,
        [dict(config='a', problem=''), dict(config='b', problem='x'), dict(config='c', problem='')],
    )
    assert list(tool.read_results(path, ['a', 'b'])) == ['a']
    assert tool.read_results(None, ['a']) == {}


def test_a_page_keeps_its_own_text(tool, tmp_path):
    page = tmp_path / 'zoo.md'
    page.write_text('# Mine\nbefore\n<!-- zoo_sweep: begin -->old<!-- zoo_sweep: end -->\nafter\n')
    result = dict(
        config='a::b',
        model='M',
        layers=['neck.0'],
        parameters=1.0,
        size=64,
        seconds=1.0,
        problem='a | b',
    )
    args = SimpleNamespace(configs='list.txt', size=64, method='sr4ir')
    tool.write_page(str(page), [result], args)
    text = page.read_text()
    assert text.startswith('# Mine\nbefore\n')
    assert text.endswith('\nafter\n')
    assert 'old' not in text
    assert '0 of 1 passed' in text
    assert 'a / b' in text
    args.method = 'fdsr'
    with pytest.raises(UserError, match='zoo_sweep_fdsr: begin'):
        tool.write_page(str(page), [result], args)
    tool.write_page(str(tmp_path / 'fdsr.md'), [result], args)
    assert '--size 64 --method fdsr`' in (tmp_path / 'fdsr.md').read_text()


def test_checks_notice_what_must_not_happen(monkeypatch):
    """Without the freezing of the other network, or with predictions that are not finite, a config must fail."""
    source = TEN[-2]
    assert zoo.check_zoo_config(source).problem == ''
    monkeypatch.setattr(
        'sr4ir_mm.models.task_driven_sr.TaskDrivenSR._run_phase',
        lambda *args: {'sr_net/loss_x': 1.0},
    )
    assert 'did not move' in zoo.check_zoo_config(source).problem


def test_methods_that_learn_from_a_finished_network_are_checked_without_its_weights():
    assert zoo.check_zoo_config(TEN[-2], method='sr4ir-fixed').problem == ''


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_the_whole_list_passes(tmp_path, tool):
    configs = tool.read_list(str(LIST))
    done = run_tool(tmp_path, configs, timeout=7000)
    assert done.returncode == 0, done.stdout[-3000:]
