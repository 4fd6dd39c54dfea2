"""The evidence ladder: its plan, its order, its resumption."""

import importlib
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from mmengine.config import Config
from results import METHODS, read_result, read_results

from sr4ir_mm.apis.runs import run_all, with_sources
from sr4ir_mm.utils.errors import UserError
from tests.test_apis.test_runs import FAKE

ROOT = Path(__file__).parents[2]


@pytest.fixture
def evidence():
    module = importlib.import_module('evidence')
    yield module
    del sys.modules['evidence']


def test_every_rung_has_a_config_and_every_config_a_rung(evidence):
    planned = {
        run.name for rung in evidence.rungs() for run in with_sources(rung, evidence.plan(False))
    }

    assert planned == {path.stem for path in (ROOT / evidence.CONFIGS).glob('*.py')}


def test_configs_start_from_what_the_script_starts_from(evidence):
    planned = {run for rung in evidence.rungs() for run in with_sources(rung, evidence.plan(False))}
    for run in planned:
        config = Config.fromfile(ROOT / evidence.CONFIGS / f'{run.name}.py')
        init = config.model.get('init_from', {})
        sources = run.sources()
        assert set(init) == set(sources)
        for net, path in init.items():
            _, name, checkpoint = path.split('/')
            source = Config.fromfile(ROOT / evidence.CONFIGS / f'{name}.py')
            assert name == sources[net].name
            assert checkpoint == f'epoch_{source.train_cfg.max_epochs}.pth'
            if sources[net].method != evidence.BACKBONE:
                assert source.model[net] == config.model[net]


def test_methods_of_a_set_share_data_schedule_and_networks(evidence):
    for data, scale in [(d, s) for d in evidence.SETS for s in evidence.SETS[d].scales]:
        configs = {
            run.method: Config.fromfile(ROOT / evidence.CONFIGS / f'{run.name}.py')
            for run in evidence.rungs([data])
            if scale in run.result_paths()
        }
        assert set(configs) == set(METHODS)
        first = configs['h2t']
        for config in configs.values():
            assert config.train_dataloader == first.train_dataloader
            assert config.val_dataloader == first.val_dataloader
            assert config.val_evaluator == first.val_evaluator
            # HR images have no scale, so one run serves ladders of different length.
            assert config is first or config.train_cfg == configs['l2t'].train_cfg
            assert config.model.task_net == first.model.task_net
        with_sr = [c.model.sr_net for c in configs.values() if c.model.get('sr_net')]
        assert all(net == with_sr[0] for net in with_sr)
        assert len(with_sr) == 7
        assert all(net.upscale_factor == scale for net in with_sr)


@pytest.fixture
def project(tmp_path, monkeypatch, evidence):
    """An empty project whose tools/train.py leaves the metrics of a detection set."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'tools').mkdir()
    metrics = "'coco/bbox_mAP': epoch / 10, 'sr/psnr': 20.0, 'sr/ssim': 0.5"
    (tmp_path / 'tools' / 'train.py').write_text(FAKE.replace("'mAP': epoch / 10", metrics))
    monkeypatch.setenv('OMP_NUM_THREADS', '1')
    return tmp_path


def test_runs_wait_for_what_they_start_from_and_leave_a_result(project, evidence, capsys):
    run = evidence.Run('t2s', 'playing-cards', 8, 1)

    run_all([run], evidence.plan(held_out=False), 2)

    (result,) = [r for r in read_results(project / evidence.RESULTS) if r.method == 't2s']
    assert (result.dataset, result.scale, result.seed) == ('playing-cards', 8, 1)
    assert (result.value, result.psnr, result.ssim) == (0.2, 20.0, 0.5)
    assert result.curve == {'1': 0.1, '2': 0.2}
    assert result.metric == 'coco/bbox_mAP'
    assert 'h2t_playing-cards/seed_1/epoch_2.pth' in result.command
    assert str(project) not in json.dumps(result.command)
    starts = [line.split()[1] for line in capsys.readouterr().out.splitlines() if 'start' in line]
    assert starts[0] == 'init_backbone_playing-cards'
    assert starts.index('h2t_playing-cards') > starts.index('init_task-net_playing-cards')
    assert starts[-1] == 't2s_x8_playing-cards'


def test_a_failure_spares_what_does_not_depend_on_it(project, evidence, monkeypatch):
    fake = (project / 'tools' / 'train.py').read_text()
    broken = "\nif 'h2t_' in args[0]: sys.exit('broken')\n"
    (project / 'tools' / 'train.py').write_text(
        fake.replace('args = sys.argv[1:]', f'args = sys.argv[1:]{broken}')
    )
    wanted = evidence.rungs(['scenes-det'], ('t2s', 'l2t'))

    with pytest.raises(
        UserError, match='2 runs did not finish: h2t_scenes-det seed 0, t2s_x4_scenes-det'
    ):
        run_all(wanted, evidence.plan(held_out=False), 1)

    assert [r.method for r in read_results(project / evidence.RESULTS)] == ['l2t']


def test_only_what_lacks_a_result_is_run(project, evidence, monkeypatch, capsys):
    command = ['evidence.py', '--sets', 'scenes-det', '--methods', 'h2t', 'l2t', '--seeds', '0']
    monkeypatch.setattr(sys, 'argv', command)
    evidence.main()
    (project / evidence.RESULTS / 'scenes-det_x4_l2t_seed0.json').unlink()
    capsys.readouterr()

    evidence.main()

    starts = [line for line in capsys.readouterr().out.splitlines() if 'start' in line]
    assert [line.split()[1] for line in starts] == ['init_task-net_scenes-det', 'l2t_x4_scenes-det']
    assert '### scenes-det' in (project / evidence.REPORT).read_text()


def test_one_run_on_hr_images_serves_all_scales(project, evidence):
    (run,) = evidence.rungs(['playing-cards'], ['h2t'])
    run_all([run], evidence.plan(held_out=False), 1)
    x4, x8 = run.result_paths().values()
    first = read_result(x4)
    replace(first, commit='abc1234').write(x4)
    x8.unlink()

    run_all([run], evidence.plan(held_out=False), 1)

    assert not evidence.rungs(['playing-cards'], ['h2t'])[1:]
    assert read_result(x8) == replace(first, scale=8, commit='abc1234')


def test_a_held_out_run_tells_nothing_of_the_test_images(project, evidence, monkeypatch, capsys):
    monkeypatch.setattr(evidence, 'write_held_out_config', lambda run, path: None)
    (run,) = evidence.rungs(['clothing'], ['h2t'])
    monkeypatch.setitem(
        evidence.SETS, 'clothing', replace(evidence.SETS['clothing'], metric='coco/bbox_mAP')
    )
    run_all([run], evidence.plan(held_out=False), 1)
    (path,) = run.result_paths().values()
    replace(read_result(path), value=0.9).write(path)
    capsys.readouterr()

    run_all([run], evidence.plan(held_out=True), 1)

    assert 'coco/bbox_mAP 0.2000' in capsys.readouterr().out.splitlines()[-1]
    assert read_result(path).value == 0.9
