"""The evidence ladder: its plan, its budgets, its order, its resumption."""

import importlib
import json
import shutil
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import ladder
import pytest
from ladder import BUDGETS, Run, rungs
from methods import (
    ABLATIONS,
    BACKBONE,
    BICUBIC,
    METHODS,
    SR_MORE,
    SR_RUNGS,
    SYSTEMS,
    TASK_NET,
    WITHOUT_SR,
    method_of,
)
from mmengine.config import Config
from results import read_result, read_results
from sets import SETS, SHARP

from sr4ir_mm.apis.runs import Launch, run_all, with_sources
from sr4ir_mm.utils.errors import UserError
from tests.test_apis.test_runs import FAKE

ROOT = Path(__file__).parents[2]
EVERY = (*METHODS, *ABLATIONS, *SYSTEMS)
#: Run on every set.
COMMON = [name for name in (*METHODS, *ABLATIONS) if method_of(name).ladders is None]


@cache
def read(name):
    """A config of the ladder; each is read once."""
    return Config.fromfile(ROOT / ladder.CONFIGS / f'{name}.py')


@pytest.fixture
def evidence():
    module = importlib.import_module('evidence')
    yield module
    del sys.modules['evidence']


@pytest.fixture(autouse=True)
def costs(monkeypatch):
    """An iteration of each method costs its place in the list; L->T's is 1."""
    seconds = {method: 1.0 + place for place, method in enumerate(['l2t', *EVERY])}
    monkeypatch.setattr(ladder, 'costs_of', lambda ladder: {**seconds, 'l2t': 1.0})


def learns_sr(method):
    """Whether a method has the SR network of the ladder."""
    return method not in WITHOUT_SR and 'sr_net' in method_of(method).starts


def planned(evidence):
    """Every run that any rung needs."""
    wanted = rungs(SETS, EVERY, budgets=[1])
    return {run for rung in wanted for run in with_sources(rung, evidence.plan(False))}


def test_every_rung_has_a_config_and_every_config_a_rung(evidence):
    names = {run.config_name for run in planned(evidence)}

    assert names == {path.stem for path in (ROOT / ladder.CONFIGS).glob('*.py')}


def test_configs_start_from_what_the_script_starts_from(evidence):
    for run in planned(evidence):
        config = read(run.config_name)
        init = config.model.get('init_from', {})
        sources = run.sources()
        if run.method in ('s2t-more', SR_MORE):
            continue  # their configs are another method's, which starts from less
        assert set(init) == set(sources)
        for net, path in init.items():
            _, name, checkpoint = path.split('/')
            source = read(name)
            assert name == sources[net].config_name
            assert checkpoint == f'epoch_{source.train_cfg.max_epochs}.pth'
            if sources[net].method != BACKBONE:
                assert source.model[net] == config.model[net]


def test_methods_of_a_set_share_data_and_networks(evidence):
    for data, scale in [(d, s) for d in SETS for s in SETS[d].scales]:
        configs = {
            run.method: read(run.config_name)
            for run in rungs([data], EVERY, budgets=[1])
            if scale in run.result_paths()
        }
        assert set(configs) >= set(COMMON)
        first = configs['h2t']
        for method, config in configs.items():
            assert method == BICUBIC or config.train_dataloader == first.train_dataloader
            assert config.val_dataloader == first.val_dataloader
            assert config.val_evaluator[: len(first.val_evaluator)] == first.val_evaluator
            assert config.model.task_net == first.model.task_net
        with_sr = [configs[method].model.sr_net for method in configs if learns_sr(method)]
        assert len(with_sr) >= len(COMMON) - 2
        assert all(net == with_sr[0] and net.upscale_factor == scale for net in with_sr)


def test_a_budget_buys_epochs_by_what_an_iteration_costs():
    data = SETS['playing-cards']
    runs = {m: Run(m, 'playing-cards', 8, 0, 4) for m in ('l2t', 'sr4ir', 's2t', 's2t-more')}

    assert runs['l2t'].epochs() == 4 * data.epochs
    cost = ladder.costs_of('playing-cards_x8')['sr4ir']
    assert runs['sr4ir'].epochs() == round(4 * data.epochs / cost)
    assert runs['s2t-more'].epochs() == runs['s2t'].epochs()
    more = runs['s2t-more'].sources()['sr_net']
    assert more.epochs() == runs['sr4ir'].epochs()
    assert more.sources()['sr_net'] == runs['s2t'].sources()['sr_net']


@pytest.mark.parametrize(
    ('method', 'size'),
    [('lite-wide', 'sr-wide'), ('s2t-narrow', 'sr-narrow'), ('s2t-sub-pixel', 'sr-sub-pixel')],
)
def test_another_sr_network_starts_from_a_rung_of_its_own(method, size):
    run = Run(method, 'sign-digits-scratch', 8, 3, 2)
    rung = run.sources()['sr_net']
    shared = Run('s2t', 'sign-digits', 8, 3, 2).sources()['sr_net']

    assert (rung.method, rung.config_name) == (size, 'init_sr-net_x8_sign-digits')
    assert not rung.sources()
    assert rung.options() == run.own_options() == SR_RUNGS[size](8)
    assert rung.training(held_out=True) == rung.training()
    assert rung.training().work_dir != shared.training().work_dir


def test_each_seed_has_initial_networks_of_its_own(evidence):
    for run in rungs(SETS, EVERY, seeds=[3], budgets=[2]):
        sources = {r for r in with_sources(run, evidence.plan(False)) if r.budget is None}
        assert {source.seed for source in sources} <= {3 if SETS[run.data].own_starts else 0}


@pytest.mark.parametrize('name', [name for name in SETS if SETS[name].same_as])
def test_a_ladder_with_initial_networks_of_its_own_is_the_same_training_otherwise(name):
    scale = SETS[name].scales[0]
    shared, own = (
        Run('s2t-sub-pixel', data, scale, 2, 1).training() for data in (SETS[name].same_as, name)
    )

    assert (shared.config, shared.options) == (own.config, own.options)
    assert {net: folder.name for net, folder in shared.init.items()} == {
        'sr_net': 'seed_0',
        'task_net': 'seed_0',
    }
    assert {net: folder.parent for net, folder in own.init.items()} == {
        net: folder.parent for net, folder in shared.init.items()
    }
    assert {folder.name for folder in own.init.values()} == {'seed_2'}


@pytest.mark.parametrize('own', [{'s2t': 2.0}, {}])
def test_a_ladder_of_the_same_images_has_costs_of_its_own_if_it_was_measured(monkeypatch, own):
    measured = {'scenes-det_x4': {'s2t': 4.0, 'swt': 4.0}, 'scenes-det-own_x4': own}
    monkeypatch.setattr(ladder, 'costs_of', lambda ladder: measured[ladder])
    shared, run = (Run('s2t', data, 4, 0, 2) for data in ('scenes-det', 'scenes-det-own'))

    assert (shared.epochs(), run.epochs()) == (4, 8 if own else 4)
    if own:
        with pytest.raises(UserError, match='--sets scenes-det-own --scales 4 --methods swt$'):
            ladder.check_costs([Run('swt', 'scenes-det-own', 4, 0, 2)])


def test_costs_that_were_not_measured_are_asked_for(monkeypatch, tmp_path):
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    ladder.costs_of.cache_clear()

    costs = 'python projects/evidence/costs.py --sets'
    with pytest.raises(
        UserError, match=f'measure them with: {costs} clothing --scales 8 --methods sr4ir'
    ):
        Run('sr4ir', 'clothing', 8, 0, 1).epochs()
    asked_for = rungs(['clothing', 'camvid'], ['h2t', 'l2t', 's2t-more', 's2t'], budgets=[1, 2])
    with pytest.raises(
        UserError, match=f'clothing .* s2t && {costs} camvid --scales 8 --methods s2t$'
    ):
        ladder.check_costs(asked_for)


@pytest.fixture
def project(tmp_path, monkeypatch, evidence):
    """A project with nothing but its pages, whose tools/train.py leaves the metrics of a detection set."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'docs').mkdir()
    for page in (evidence.README, evidence.REPORT):
        shutil.copyfile(ROOT / page, tmp_path / page)
    (tmp_path / 'tools').mkdir()
    metrics = "'coco/bbox_mAP': epoch / 10, 'sr/psnr': 20.0, 'sr/ssim': 0.5"
    (tmp_path / 'tools' / 'train.py').write_text(FAKE.replace("'mAP': epoch / 10", metrics))
    monkeypatch.setenv('OMP_NUM_THREADS', '1')
    monkeypatch.setattr(evidence, 'WarmLaunch', Launch)
    return tmp_path


def test_runs_wait_for_what_they_start_from_and_leave_a_result(project, evidence, capsys):
    run = Run('t2s', 'playing-cards', 8, 1, 2)

    run_all([run], evidence.plan(held_out=False), 2)

    (result,) = [r for r in read_results(project / ladder.RESULTS) if r.method == 't2s']
    assert (result.dataset, result.scale, result.seed) == ('playing-cards', 8, 1)
    assert (result.value, result.psnr, result.ssim) == (0.2, 20.0, 0.5)
    assert (result.budget, result.epochs) == (2, run.epochs())
    assert result.metric == 'coco/bbox_mAP'
    assert 'h2t_playing-cards_b4/seed_1/epoch_2.pth' in result.command
    assert str(project) not in json.dumps(result.command)
    starts = [line.split()[1] for line in capsys.readouterr().out.splitlines() if 'start' in line]
    assert starts[0] == 'init_backbone_playing-cards'
    assert starts.index('h2t_playing-cards_b4') > starts.index('init_task-net_playing-cards')
    assert starts[-1] == 't2s_x8_playing-cards_b2'


def test_what_needs_no_training_is_tested_alone(project, evidence, monkeypatch):
    tested = []

    def evaluate(training, checkpoint, options, launch):
        tested.append((training, checkpoint))
        metrics = {'coco/bbox_mAP': 0.1, 'sr/psnr': 17.0, 'sr/ssim': 0.4, 'sr/fsim': 0.9}
        return metrics

    monkeypatch.setattr(evidence, 'evaluate', evaluate)
    run = Run(BICUBIC, 'scenes-det', 4, 0, 1)

    run_all([run], evidence.plan(held_out=False), 1)

    (result,) = [r for r in read_results(project / ladder.RESULTS) if r.method == BICUBIC]
    assert (result.value, result.fsim, result.epochs, result.minutes) == (0.1, 0.9, 0, 0.0)
    ((training, checkpoint),) = tested
    assert checkpoint is None
    assert list(training.init) == ['task_net']
    assert 'init_task-net_scenes-det' in str(training.init['task_net'])


def test_finished_task_networks_are_those_trained_on_hr_images():
    def source(method, data):
        found = Run(method, data, 8, 2, 1).sources().get('task_net')
        return found and (found.method, found.data, found.seed)

    assert source('t2s', 'playing-cards') == ('h2t', 'playing-cards', 2)
    assert source('tdsr', 'sign-digits-scratch') == (TASK_NET, 'sign-digits', 2)
    assert source('sod-mtgan', 'sign-digits-scratch') is None
    for method in ('fdsr', 'l1-alone', 'tdsr', 'sod-mtgan'):
        assert source(method, 'playing-cards') == (TASK_NET, 'playing-cards', 0)


def test_a_failure_spares_what_does_not_depend_on_it(project, evidence, monkeypatch):
    fake = (project / 'tools' / 'train.py').read_text()
    broken = "\nif 'h2t_' in args[0]: sys.exit('broken')\n"
    (project / 'tools' / 'train.py').write_text(
        fake.replace('args = sys.argv[1:]', f'args = sys.argv[1:]{broken}')
    )
    wanted = rungs(['scenes-det'], ('t2s', 'l2t'), budgets=[1])

    with pytest.raises(
        UserError, match='2 runs did not finish: h2t_scenes-det_b4 seed 0, t2s_x4_scenes-det_b1'
    ):
        run_all(wanted, evidence.plan(held_out=False), 1)

    assert [r.method for r in read_results(project / ladder.RESULTS)] == ['l2t']


def test_only_what_lacks_a_result_is_run(project, evidence, monkeypatch, capsys):
    command = ['evidence.py', '--sets', 'scenes-det', '--methods', 'h2t', 'l2t', '--seeds', '0']
    command += ['--budgets', '1']
    monkeypatch.setattr(sys, 'argv', command)
    evidence.main()
    (project / ladder.RESULTS / 'scenes-det_x4_l2t_b1_seed0.json').unlink()
    capsys.readouterr()

    evidence.main()

    starts = [line for line in capsys.readouterr().out.splitlines() if 'start' in line]
    assert [line.split()[1] for line in starts] == [
        'init_task-net_scenes-det',
        'l2t_x4_scenes-det_b1',
    ]
    report = (project / evidence.REPORT).read_text()
    assert '### scenes-det' in report
    assert '### mosaics-own' not in report
    assert '| generated scenes: x4, mAP | – |' in report
    assert 'hand signs: x8' not in (project / evidence.README).read_text()


def listed(evidence, monkeypatch, capsys, *options):
    """Names of the runs that a command would begin."""
    monkeypatch.setattr(sys, 'argv', ['evidence.py', '--list', '--seeds', '1', *options])
    evidence.main()
    return capsys.readouterr().out.split('\n')[:-1]


def test_without_options_the_plan_is_run(project, evidence, monkeypatch, capsys):
    names = listed(evidence, monkeypatch, capsys)

    budgets = [methods for plan in ladder.PLAN.values() for methods in plan.values()]
    assert len(names) == sum(len(methods) for methods in budgets)
    assert 'sr4ir_x8_sign-digits-scratch_b8 seed 1' in names
    assert 'sr4ir-joint_x4_scenes-det-own_b2 seed 1' in names
    assert set(ladder.PLAN) == set(SHARP)
    assert not (project / ladder.WORK).exists()


def test_methods_budgets_and_sets_that_are_named_take_the_place_of_the_plans(
    project, evidence, monkeypatch, capsys
):
    of_plan = listed(evidence, monkeypatch, capsys, '--sets', 'mosaics-own')
    assert len(of_plan) == len(ladder.PLAN['mosaics-own'][2])
    alone = listed(evidence, monkeypatch, capsys, '--sets', 'mosaics-own', '--methods', 's2t')
    assert alone == ['s2t_x4_mosaics-own_b2 seed 1']
    longer = listed(evidence, monkeypatch, capsys, '--sets', 'mosaics-own', '--budgets', '4')
    assert {'t2s_x4_mosaics-own_b4 seed 1', 'swt_x4_mosaics-own_b4 seed 1'} < set(longer)
    everything = listed(evidence, monkeypatch, capsys, '--sets', 'clothing')
    assert len(everything) == len(rungs(['clothing'], [*METHODS, *SYSTEMS]))


def test_one_run_on_hr_images_serves_all_scales(project, evidence):
    (run,) = rungs(['playing-cards'], ['h2t'])
    run_all([run], evidence.plan(held_out=False), 1)
    x8, x4 = run.result_paths().values()
    first = read_result(x8)
    replace(first, commit='abc1234').write(x8)
    x4.unlink()

    run_all([run], evidence.plan(held_out=False), 1)

    assert read_result(x4) == replace(first, scale=4, commit='abc1234')


def test_a_held_out_run_leaves_its_result_apart(project, evidence, monkeypatch):
    monkeypatch.setattr(evidence, 'write_held_out_config', lambda run, path: None)
    (run,) = rungs(['scenes-det'], ['h2t'])

    run_all([run], evidence.plan(held_out=True), 1)

    assert not read_results(project / ladder.RESULTS)
    (result,) = read_results(project / ladder.HELD_OUT_RESULTS)
    assert result.value == 0.2
    assert not evidence.is_finished(run)
    assert evidence.is_finished(run, held_out=True)


def test_initial_networks_serve_held_out_runs_where_they_see_the_same_images():
    def folders(data, method):
        run = Run(method, data, None, 0)
        return run.training().work_dir, run.training(held_out=True).work_dir

    assert len(set(folders('mosaics', TASK_NET))) == 1
    assert len(set(folders('scenes-det', TASK_NET))) == 2


def test_a_training_that_is_resumed_keeps_the_commit_of_its_start(project, evidence, monkeypatch):
    training = Run('l2t', 'scenes-det', 4, 0, 1).training()
    commits = iter(['first', 'second'])
    monkeypatch.setattr(evidence, 'git_commit', lambda: next(commits))

    evidence.note_commit(training)
    evidence.note_commit(training)

    assert (training.work_dir / 'commit').read_text() == 'first'


@pytest.mark.parametrize('method', ['s2t', 's2t-more'])
def test_methods_have_a_label(method):
    assert method_of(method).label.startswith('S→T')


def test_budgets_double():
    assert all(b == 2 * a for a, b in zip(BUDGETS, BUDGETS[1:], strict=False))
