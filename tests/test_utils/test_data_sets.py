"""Counts of the public data sets, on miniatures of their layouts."""

import runpy
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sr4ir_mm.utils import data_sets, resources
from sr4ir_mm.utils.data_sets import DATA_SETS, check_complete, find_data_set
from sr4ir_mm.utils.errors import UserError

ROOT = Path(__file__).parents[2]
TOOL = ROOT / 'tools/dataset_converters/check_data.py'
# What is in the sets, from their papers and pages, not from the table that is tested.
TRUE_COUNTS = {
    'voc2012-det': {'train.txt': 5717, 'val.txt': 5823, '*.jpg': 17125, '*.xml': 17125},
    'voc2007': {'trainval.txt': 5011, 'test.txt': 4952, '*.jpg': 9963, '*.xml': 9963},
    'voc2012-seg': {'train.txt': 1464, 'val.txt': 1449, '*.png': 2913},
    'voc2012-sbd': {'aug.txt': 10582 - 1464},
    'cars': {'train/*/*.jpg': 8144, 'test/*/*.jpg': 8041},
    'cub': {'images.txt': 5994 + 5794, 'classes.txt': 200},
    'coco': {'train2017/*.jpg': 118287, 'val2017/*.jpg': 5000},
    'coco-stuff': {'train2017/*_labelTrainIds.png': 118287},
    'div2k': {'DIV2K_train_HR/*.png': 800, 'DIV2K_valid_HR/*.png': 100},
    'set5': {'*.png': 5},
    'set14': {'*.png': 14},
    'b100': {'*.png': 100},
    'urban100': {'*.png': 100},
}


@pytest.fixture
def small(monkeypatch):
    """The table with 3 files a part, 2 where each stands for a folder of such."""
    table = {
        name: replace(known, parts=tuple(replace(p, count=_few(p)) for p in known.parts))
        for name, known in DATA_SETS.items()
    }
    monkeypatch.setattr(data_sets, 'DATA_SETS', table)
    return table


def _few(part):
    if part.count == 1:
        return 1
    return 2 if part.count == 196 else 3


def make(known, root):
    """A miniature in the set's layout."""
    for part in known.parts:
        path = root / part.pattern
        path.parent.mkdir(parents=True, exist_ok=True) if '*' not in str(path.parent) else None
        if '*' not in part.pattern and path.suffix == '.txt':
            path.write_text(''.join(f'{index} name\n' for index in range(part.count)))
            continue
        for index in range(part.count):
            if part.count == 2:
                (root / part.pattern.replace('*', f'class {index}')).mkdir(parents=True)
                continue
            folder, _, name = part.pattern.rpartition('/')
            target = (
                root / folder.replace('*', f'class {index % 2}') / name.replace('*', str(index))
            )
            target.parent.mkdir(parents=True, exist_ok=True)
            target.touch()


@pytest.mark.parametrize('name', DATA_SETS)
def test_counts_are_the_sets_own(name):
    for pattern, count in TRUE_COUNTS[name].items():
        found = [part.count for part in DATA_SETS[name].parts if part.pattern.endswith(pattern)]
        assert found == [count], pattern


@pytest.mark.parametrize('name', DATA_SETS)
def test_a_whole_set_has_no_fault(name, small, tmp_path):
    make(small[name], tmp_path)

    assert list(find_data_set(name).faults(tmp_path)) == []


@pytest.mark.parametrize('name', DATA_SETS)
def test_one_missing_file_is_told_in_a_sentence(name, small, tmp_path):
    make(small[name], tmp_path)
    part = small[name].parts[-1]
    first = sorted(tmp_path.glob(part.pattern))[0]
    if part.pattern.endswith('.txt'):
        first.write_text('0 name\n\n')
    else:
        first.unlink()

    (sentence,) = list(find_data_set(name).faults(tmp_path))

    expected = 1 if part.pattern.endswith('.txt') else part.count - 1
    assert f'{expected} of {part.count} ' in sentence
    assert str(tmp_path) in sentence
    assert 'http' in sentence
    assert sentence.endswith('(docs/prepare_data.md).')
    assert sentence.count('. ') == 0
    with pytest.raises(UserError, match='--cfg-options data_set=None'):
        check_complete(name, tmp_path)


def test_what_training_alone_needs_is_not_asked_for_in_a_test(small, tmp_path):
    make(small['coco'], tmp_path)
    for path in (tmp_path / 'train2017').iterdir():
        path.unlink()

    check_complete('coco', tmp_path, training=False)
    with pytest.raises(UserError, match='train2017'):
        check_complete('coco', tmp_path)


def config(root, name='div2k'):
    folders = {'train_dataloader': 'DIV2K_train_HR', 'val_dataloader': 'DIV2K_valid_HR'}
    return dict(
        data_set=name,
        **{
            loader: dict(dataset=dict(type='X', data_root=str(root), data_prefix=folder))
            for loader, folder in folders.items()
        },
    )


def test_a_training_does_not_begin_on_half_a_set(small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make(small['div2k'], tmp_path / 'data/DIV2K')
    resources.check_resources(config('data/DIV2K/'))
    (tmp_path / 'data/DIV2K/DIV2K_train_HR/1.png').unlink()

    with pytest.raises(UserError, match='is 2 of 3 files'):
        resources.check_resources(config('data/DIV2K/'))
    resources.check_resources({**config('data/DIV2K/'), 'data_set': None})


def test_data_elsewhere_are_the_users_own(small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ('DIV2K_train_HR', 'DIV2K_valid_HR'):
        (tmp_path / 'mine' / folder).mkdir(parents=True)

    resources.check_resources(config('mine'))


def test_an_unknown_name_is_told(tmp_path):
    with pytest.raises(UserError, match="'imagenet' is no data set"):
        resources.check_resources(
            config(tmp_path, 'imagenet') | dict(train_dataloader=None, val_dataloader=None)
        )


def test_every_config_names_a_known_set():
    named = set()
    for path in (ROOT / 'configs/_base_/datasets').glob('*.py'):
        for line in path.read_text().splitlines():
            if line.startswith('data_set = ') and 'None' not in line:
                named.add(line.partition("'")[2].strip("'"))

    benchmarks = {'set5', 'set14', 'b100', 'urban100'}
    assert set(DATA_SETS) - benchmarks <= named <= set(DATA_SETS)


def test_the_tool_tells_each_set(small, tmp_path, monkeypatch, capsys):
    make(small['set5'], tmp_path)
    monkeypatch.setattr(sys, 'argv', ['check_data.py', 'set5', '--root', str(tmp_path)])
    runpy.run_path(str(TOOL), run_name='__main__')
    assert capsys.readouterr().out == 'set5: complete\n'

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, 'argv', ['check_data.py', 'set14', 'cub'])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(TOOL), run_name='__main__')
    captured = capsys.readouterr()
    assert stop.value.code == 2
    assert 'set14: data/benchmark/Set14/HR/*.png is 0 of 3 files' in captured.out
    assert 'cub: data/CUB_200_2011/classes.txt lists 0 of 3' in captured.out
    assert 'set14, cub: incomplete' in captured.err
