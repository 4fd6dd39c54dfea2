"""What is told of the configs: metafiles, lists of the READMEs, the index."""

import json
import runpy
import statistics
import sys
from pathlib import Path

import pytest
import yaml
from modelindex.load_model_index import load

from sr4ir_mm.apis.metafiles import RESULTS_FROM, methods, outdated, texts
from sr4ir_mm.apis.reproduce.tables import read_tables

ROOT = Path(__file__).parents[2]

LEAF = """
default_scope = 'mmseg'
model = dict(test_cfg=dict(image='sr'))
train_dataloader = dict(dataset=dict(data_root='data/VOCdevkit/VOC2012/'))
"""
TABLE = """
tables:
  1:
    title: a table
    columns: [scale]
    metrics:
      mIoU: {key: mIoU}
      PSNR: {key: sr/psnr, digits: 2}
    rows:
      - {scale: 4, config: ours/x, paper: [60.7, 28.21]}
      - {scale: 4, config: ours/x, options: {a: 1}, paper: [1.0, 2.0]}
"""


@pytest.fixture
def clone(tmp_path):
    """A clone with one method of one config."""
    folder = tmp_path / 'configs/ours'
    folder.mkdir(parents=True)
    (folder / '_base_.py').write_text('# Ours: a method.\n# Two lines.\nmodel = dict()\n')
    (folder / 'x.py').write_text(LEAF)
    (tmp_path / 'configs/tables').mkdir()
    (tmp_path / 'configs/tables/paper.yml').write_text(TABLE)
    return tmp_path


def update(monkeypatch, clone, *arguments):
    monkeypatch.setattr(sys, 'argv', ['update', '--root', str(clone), *arguments])
    runpy.run_path(str(ROOT / 'tools/update_metafiles.py'), run_name='__main__')


def test_what_ships_is_up_to_date():
    tables = list(read_tables(ROOT / 'configs/tables').values())

    due = outdated(texts(ROOT, tables))

    assert [str(path.relative_to(ROOT)) for path in due] == []


def test_the_library_of_the_form_reads_the_index():
    index = load(str(ROOT / 'model-index.yml'))
    index.check(silent=True)

    names = {model.name for model in index.models}
    configs = [path for method in methods(ROOT / 'configs') for path in method.configs]
    assert len(names) == len(configs) > 100
    assert all((ROOT / model.config).is_file() for model in index.models)


def test_results_are_those_of_files_that_are_kept():
    """Means of the quick start's five seeds."""
    seeds = [
        json.loads(path.read_text())
        for path in sorted((ROOT / 'docs/results/few-signs').glob('seed_*.json'))
    ]
    rows = {
        'l2t': 'L->T, as many updates',
        's2t': 'S->T, as many minutes',
        'sr4ir_lite': 'SR4IR-lite',
    }
    means = {
        method: [round(statistics.mean(seed[row]['accuracy/top1'] for seed in seeds), 1)]
        for method, row in rows.items()
    }
    told = {}
    for path in (ROOT / 'configs').glob('*/metafile.yml'):
        for model in yaml.safe_load(path.read_text())['Models']:
            for result in model.get('Results', []):
                assert (ROOT / model['Metadata'][RESULTS_FROM]).exists()
                told[path.parent.name] = list(result['Metrics'].values())

    assert len(seeds) == 5
    assert told == means


def test_a_new_method_is_told(clone, monkeypatch, capsys):
    update(monkeypatch, clone)

    readme = (clone / 'configs/ours/README.md').read_text()
    assert readme.startswith('# ours\n\nOurs: a method. Two lines.\n')
    row = (
        '| [x](x.py) | Semantic Segmentation | PASCAL VOC 2012 | mIoU 60.7, PSNR 28.21 (paper/1) |'
    )
    assert row in readme
    assert 'configs/ours/metafile.yml' in (clone / 'model-index.yml').read_text()
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_text_and_results_by_hand_are_kept(clone, monkeypatch):
    update(monkeypatch, clone)
    readme, metafile = clone / 'configs/ours/README.md', clone / 'configs/ours/metafile.yml'
    readme.write_text(readme.read_text().replace('# ours', '# Ours (2030)') + 'By hand.\n')
    content = yaml.safe_load(metafile.read_text())
    content['Models'][0]['Results'] = [dict(Task='x', Dataset='y', Metrics=dict(mIoU=1.0))]
    content['Models'][0]['Metadata'][RESULTS_FROM] = 'somewhere'
    content['Collections'][0]['Paper'] = dict(URL='there')
    metafile.write_text(yaml.safe_dump(content))
    (clone / 'configs/ours/y.py').write_text(LEAF)

    update(monkeypatch, clone)

    text = readme.read_text()
    assert text.startswith('# Ours (2030)')
    assert text.endswith('By hand.\n')
    assert '[y](y.py)' in text
    content = yaml.safe_load(metafile.read_text())
    assert content['Collections'] == [
        dict(Name='Ours (2030)', Paper=dict(URL='there'), README='configs/ours/README.md')
    ]
    assert content['Models'][0]['Results'][0]['Metrics'] == dict(mIoU=1.0)
    assert len(content['Models']) == 2


def test_what_is_out_of_date_is_told(clone, monkeypatch, capsys):
    with pytest.raises(SystemExit):
        update(monkeypatch, clone, '--check')

    assert 'model-index.yml' in capsys.readouterr().err
    assert not (clone / 'model-index.yml').exists()
