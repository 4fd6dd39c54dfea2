"""Runs of the tables: order, chained weights, going on, launches; with stand-ins for the tools."""

import json
import os
import runpy
import shutil
import sys
import textwrap
import time
from pathlib import Path

import pytest

from sr4ir_mm.apis.reproduce import cost
from sr4ir_mm.apis.reproduce.experiment import Experiment, load, lpips_option, parse_given
from sr4ir_mm.apis.reproduce.tables import TableRun
from sr4ir_mm.apis.runs import Launch, run_all
from sr4ir_mm.utils.errors import UserError
from tests.test_apis.test_runs import FAKE

ROOT = Path(__file__).parents[3]
SR, S2T = TableRun('sr/edsr_x8_voc-seg'), TableRun('s2t/deeplabv3_edsr_x8_voc')
H2T = TableRun('h2t/deeplabv3_voc')
#: Leaves what tools/test.py leaves.
FAKE_TEST = """
import json, os, sys
from pathlib import Path

args = sys.argv[1:]
print('arguments', ' '.join(args), 'on', os.environ.get('CUDA_VISIBLE_DEVICES'))
if Path('broken').is_file():
    sys.exit('out of memory')
folder = Path(args[args.index('--work-dir') + 1]) / '2026'
folder.mkdir(parents=True)
(folder / '2026.json').write_text(json.dumps({'mIoU': 51.5, 'sr/psnr': 24.0}))
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """An empty folder with the stand-ins and the scripts that start them; configs are the shipped ones."""
    monkeypatch.chdir(tmp_path)
    tools = tmp_path / 'tools'
    tools.mkdir()
    (tools / 'train.py').write_text(textwrap.dedent(FAKE))
    (tools / 'test.py').write_text(textwrap.dedent(FAKE_TEST))
    for name in ('dist_train.sh', 'slurm_train.sh'):
        shutil.copy(ROOT / 'tools' / name, tools)
    return tmp_path


def make(runs, experiment=None, jobs=1, gpus=(), per_run=1):
    experiment = experiment or Experiment()
    run_all(runs, experiment.plan(gpus, per_run), jobs)
    return experiment


def logged(run, name='train.log'):
    """Words of the last command of a run."""
    lines = (Path('work_dirs') / run.config / name).read_text().splitlines()
    return [line for line in lines if line.startswith('arguments')][-1].split()


def starts(capsys):
    return [
        line.split()[1] for line in capsys.readouterr().out.splitlines() if line.startswith('start')
    ]


def test_a_chained_run_starts_from_the_earlier_run_at_its_default_path(project, capsys):
    experiment = make([S2T])

    assert starts(capsys) == [SR.name, S2T.name]
    assert 'model.init_from.sr_net=work_dirs/sr/edsr_x8_voc-seg/epoch_2.pth' in logged(S2T)
    assert logged(S2T)[logged(S2T).index('--seed') + 1] == '200'
    assert 'work_dirs/s2t/deeplabv3_edsr_x8_voc/epoch_2.pth' in logged(S2T, 'test/test.log')
    assert 'test_evaluator.2.type=sr4ir_mm.LPIPS' in logged(S2T, 'test/test.log')
    assert experiment.metrics(S2T) == {'mIoU': 51.5, 'sr/psnr': 24.0}
    assert experiment.metrics(TableRun('h2t/resnet18_cub')) == {}


def test_what_is_finished_is_not_done_again(project, capsys):
    make([S2T])
    capsys.readouterr()

    make([run for run in (S2T, SR) if not Experiment().done(run)])

    assert starts(capsys) == []


def test_given_weights_take_the_place_of_a_run(project, capsys):
    (project / 'x8.pth').touch()
    given = parse_given([f'{SR.name}=x8.pth'])

    make([S2T], Experiment(given=given))

    assert starts(capsys) == [S2T.name]
    assert 'model.init_from.sr_net=x8.pth' in logged(S2T)


def test_a_given_run_that_a_table_shows_is_tested_alone(project):
    (project / 'x.pth').touch()

    make([H2T], Experiment(given={H2T.name: Path('x.pth')}))

    assert not Path('work_dirs/h2t/deeplabv3_voc/train.log').exists()
    assert 'x.pth' in logged(H2T, 'test/test.log')


def test_a_run_of_a_user_is_tested_alone(project):
    """One that tools/train.py finished in its default folder, without this scheduler."""
    folder = project / 'work_dirs/h2t/deeplabv3_voc'
    folder.mkdir(parents=True)
    (folder / 'epoch_100.pth').touch()

    make([H2T])

    assert not (folder / 'train.log').exists()
    assert 'work_dirs/h2t/deeplabv3_voc/epoch_100.pth' in logged(H2T, 'test/test.log')


def test_an_extractor_is_a_chained_run_too(project, capsys):
    run = TableRun('sr4ir_fixed/deeplabv3_edsr_x8_voc')

    make([run])

    assert starts(capsys) == [H2T.name, run.name]
    assert 'model.init_from.extractor=work_dirs/h2t/deeplabv3_voc/epoch_2.pth' in logged(run)


def test_finished_networks_are_put_together_and_tested(project, capsys):
    run = TableRun('fdsr/faster-rcnn-r50_fdsr_x4_coco')

    make([run])

    first, second = starts(capsys)
    assert (first, second) == ('fdsr/mask-rcnn-r50-c4_dbpn_x4_coco', run.name)
    assert not Path('work_dirs', run.name, 'train.log').exists()
    words = logged(run, 'test/test.log')
    assert 'none' in words
    assert f'model.init_from.sr_net=work_dirs/{first}/epoch_2.pth' in words


def test_options_of_a_row_go_to_training_and_test_and_name_a_folder(project):
    run = TableRun('sr4ir/deeplabv3_edsr_x8_voc', (('model.cqmix.grid', 2),))

    make([run])

    for name in ('train.log', 'test/test.log'):
        text = Path('work_dirs/sr4ir/deeplabv3_edsr_x8_voc_grid-2', name).read_text()
        assert 'model.cqmix.grid=2' in text


def test_an_interrupted_run_is_told_and_goes_on(project, capsys):
    Path('stop').touch()
    with pytest.raises(UserError, match=f'2 runs did not finish: {SR.name}, {S2T.name}'):
        make([S2T, H2T][:1])
    out = capsys.readouterr().out
    assert 'out of power' in out
    assert f'{S2T.name}: {SR.name} failed' not in out  # it never started
    Path('stop').unlink()

    make([S2T])

    assert starts(capsys) == [SR.name, S2T.name]
    assert '--resume' in logged(SR)
    assert '--resume' not in logged(S2T)


def test_a_failed_test_is_told_and_the_training_kept(project, capsys):
    Path('broken').touch()
    with pytest.raises(UserError, match='1 runs did not finish'):
        make([H2T])
    assert 'out of memory' in capsys.readouterr().out
    Path('broken').unlink()
    before = Path('work_dirs/h2t/deeplabv3_voc/train.log').read_text()

    experiment = make([H2T])

    assert experiment.done(H2T)
    assert Path('work_dirs/h2t/deeplabv3_voc/train.log').read_text() == before


def test_gpus_are_shared_out(project):
    """Two places of one GPU: each run has one of its own."""
    show = (
        "import os; print('gpu', os.environ['CUDA_VISIBLE_DEVICES'])\nimport time; time.sleep(0.5)"
    )
    fake = Path('tools/train.py')
    fake.write_text(f'{show}\n{fake.read_text()}')
    cars = TableRun('h2t/resnet18_cars')

    make([H2T, cars], jobs=2, gpus=(0, 1))

    logs = [Path('work_dirs', run.config, 'train.log').read_text() for run in (H2T, cars)]
    assert {log.splitlines()[0] for log in logs} == {'gpu 0', 'gpu 1'}


def test_several_gpus_a_run_are_launched_together(project, monkeypatch):
    monkeypatch.setenv('OMP_NUM_THREADS', '1')
    fake = Path('tools/train.py')
    fake.write_text("import os, sys\nif os.environ['RANK'] != '0': sys.exit()\n" + fake.read_text())

    make([H2T], gpus=(0, 1), per_run=2)

    words = logged(H2T)
    assert '--launcher pytorch' in ' '.join(words)
    # The test is one process on the first of them.
    assert ' on 0' in ' '.join(logged(H2T, 'test/test.log'))


def test_runs_are_submitted_to_slurm(project, monkeypatch):
    """srun is replaced by a script that notes its options and runs the rest."""
    stand_in = project / 'bin' / 'srun'
    stand_in.parent.mkdir()
    stand_in.write_text(
        '#!/usr/bin/env bash\necho "$@" >> srun.txt\nwhile [[ "$1" == --* ]]; do shift; done\nexec "$@"\n'
    )
    stand_in.chmod(0o755)
    monkeypatch.setenv('PATH', f'{stand_in.parent}:{os.environ["PATH"]}')

    make([H2T], Experiment(launch=lambda devices: Launch(partition='gpu', gpus=4)))

    train, test = Path('srun.txt').read_text().splitlines()
    assert '--partition=gpu --job-name=deeplabv3_voc --gres=gpu:4 --ntasks=4' in train
    assert '--launcher slurm' in train
    assert 'tools/test.py' in test
    assert 'epoch_2.pth' in test
    assert Experiment().done(H2T)


@pytest.mark.parametrize(
    ('text', 'sentence'),
    [
        ('sr/edsr_x8_cars', 'must be <method>/<name>=PATH'),
        ('sr/edsr_x9_cars=x.pth', 'edsr_x9_cars.py does not exist, a table or --use names it'),
        ('sr/edsr_x8_cars=nowhere.pth', 'nowhere.pth does not exist; give a checkpoint or'),
    ],
)
def test_a_wrong_use_is_told(project, text, sentence):
    with pytest.raises(UserError, match=sentence):
        parse_given([text])


def test_lpips_takes_the_place_of_ssim_wherever_it_stands():
    assert lpips_option(load(SR)) == {'test_evaluator.1.type': 'sr4ir_mm.LPIPS'}
    assert lpips_option(load(H2T)) == {}


# ---- costs --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ('method', 'times'), [('s2t', 2.17), ('swt', 4.53), ('sr4ir', 8.69), ('sr4ir_lite', 2.92)]
)
def test_costs_follow_what_the_counter_found(method, times):
    """The row of docs/performance.md for classification x4 with EDSR, relative to L->T."""
    l2t = load(TableRun('l2t/resnet18_x4_cars'))
    cfg = load(TableRun('sr4ir/resnet18_edsr_x4_cars')).copy()
    cfg.model = {**cfg.model, 'phases': load_phases(method)}

    assert cost.multiply_adds(cfg) / cost.multiply_adds(l2t) == pytest.approx(times, rel=0.05)


def load_phases(method):
    from sr4ir_mm.apis.methods import find_method

    return find_method(method.replace('_', '-')).phases


def test_hours_are_the_papers_until_runs_are_finished_here(project):
    experiment = Experiment()
    first = cost.CostModel.of(experiment, [H2T])
    assert first.hours(TableRun('sr4ir/deeplabv3_edsr_x8_voc')) == pytest.approx(2.41)
    assert first.hours(TableRun('fdsr/mask-rcnn-r50-c4_dbpn_x4_coco')) is None

    make([H2T], experiment)
    folder = Path('work_dirs/h2t/deeplabv3_voc')
    (folder / 'attempts.json').write_text(json.dumps([time.time() - 7200]))
    second = cost.CostModel.of(experiment, [H2T, SR])

    assert 'finished here' in second.source
    assert second.hours(H2T) == pytest.approx(2.0, rel=0.01)


# ---- the tool -----------------------------------------------------------------------------------------------------


def reproduce(monkeypatch, *arguments):
    monkeypatch.setattr(sys, 'argv', ['reproduce.py', *arguments])
    runpy.run_path(str(ROOT / 'tools/reproduce.py'), run_name='__main__')


def test_runs_are_listed_in_order_with_cost_and_state(project, monkeypatch, capsys):
    (project / 'x.pth').touch()
    make([H2T])
    capsys.readouterr()

    reproduce(
        monkeypatch, '--list', '--table', 'sr4ir/1', '--filter', 'scale=8,sr_net=edsr',
        '--use', f'{SR.name}=x.pth',
    )  # fmt: skip

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ['run', 'state', 'GPU-hours', 'starts', 'from']
    names = [line.split()[0] for line in lines[1 : lines.index('')]]
    assert names == [
        's2t/deeplabv3_edsr_x8_voc', 'h2t/deeplabv3_voc', 't2s/deeplabv3_edsr_x8_voc',
        'swt/deeplabv3_edsr_x8_voc', 'sr4ir/deeplabv3_edsr_x8_voc',
    ]  # fmt: skip
    assert lines[1].endswith('sr_net: x.pth')
    assert lines[2].split()[1] == 'done'
    assert lines[-1].startswith('4 of 5 runs are missing, about ')


def test_the_tool_makes_a_table_and_a_failure_spares_the_rest(project, monkeypatch, capsys):
    fake = Path('tools/train.py')
    fake.write_text("import sys\nif 't2s' in sys.argv[1]: sys.exit('broken')\n" + fake.read_text())
    arguments = ('--table', 'sr4ir/1', '--filter', 'scale=8,sr_net=edsr', '--no-lpips')

    with pytest.raises(SystemExit) as stop:
        reproduce(monkeypatch, *arguments)

    assert stop.value.code != 0
    printed = capsys.readouterr()
    assert '1 runs did not finish: t2s/deeplabv3_edsr_x8_voc' in printed.err
    text = Path('work_dirs/tables/sr4ir_1.md').read_text()
    assert '| S→T | edsr | 8 | 52.3 | 51.5 | 0.407 | – | 24.41 | 24.00 |' in text
    assert '| T→S | edsr | 8 | 49.2 | – | 0.461 | – | 23.14 | – |' in text
    assert text in printed.out
    assert 'LPIPS' not in Path('work_dirs/swt/deeplabv3_edsr_x8_voc/test/test.log').read_text()


def test_tables_alone_run_nothing(project, monkeypatch, capsys):
    reproduce(monkeypatch, '--table', 'sr4ir/4', '--tables-only')

    assert starts(capsys) == []
    assert '| no TDP | voc | 53.3 | – |' in Path('work_dirs/tables/sr4ir_4.md').read_text()


@pytest.mark.parametrize(
    ('arguments', 'sentence'),
    [
        ([], 'name a --table, or --all'),
        (['--all', '--slurm', 'gpu', '--gpus', '2'], 'with --slurm give --gpus-per-run'),
        (['--table', 'sr4ir/99'], "table 'sr4ir/99' is unknown"),
        (['--all', '--gpus', '1', '--gpus-per-run', '2'], '--gpus 1 are fewer than'),
    ],
)
def test_a_wrong_command_is_told(project, monkeypatch, capsys, arguments, sentence):
    with pytest.raises(SystemExit) as stop:
        reproduce(monkeypatch, *arguments)

    assert stop.value.code not in (0, None)
    assert sentence in capsys.readouterr().err
