"""tcmalloc: found where it is installed, loaded by starting a tool again, left out where it must be."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sr4ir_mm.utils import allocator
from sr4ir_mm.utils.errors import UserError

TOOL = """
import os, sys
from sr4ir_mm.utils.allocator import serve_by_tcmalloc, tell_allocator

print('start', flush=True)
serve_by_tcmalloc(__file__)
print(sys.argv[1:], tell_allocator())
"""
linux = pytest.mark.skipif(sys.platform != 'linux', reason='the loader of other systems is another')


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine without GPU on which nothing is installed."""
    monkeypatch.setattr(allocator, '_ACCELERATORS', (str(tmp_path / 'gpu'),))
    monkeypatch.setattr(allocator, '_SYSTEM_FOLDERS', (str(tmp_path / 'usr/lib'),))
    monkeypatch.setattr(allocator.sys, 'prefix', str(tmp_path / 'venv'))
    for name in ('CONDA_PREFIX', 'LD_PRELOAD', allocator.VARIABLE):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def install(folder, name='libtcmalloc_minimal.so.4'):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).touch()
    return folder / name


@pytest.fixture(scope='module')
def library(tmp_path_factory):
    """A library of that name which does nothing."""
    compiler = next((c for c in ('cc', 'gcc', 'clang') if shutil.which(c)), None)
    if compiler is None:
        pytest.skip('no C compiler')
    folder = tmp_path_factory.mktemp('lib')
    source = folder / 'nothing.c'
    source.write_text('int sr4ir_nothing;\n')
    built = folder / 'libtcmalloc_minimal.so.4'
    subprocess.run([compiler, '-shared', '-fPIC', source, '-o', built], check=True)
    return built


def run(tmp_path, **environment):
    tool = tmp_path / 'tool.py'
    tool.write_text(TOOL)
    clean = {k: v for k, v in os.environ.items() if k not in ('LD_PRELOAD', allocator.VARIABLE)}
    words = [sys.executable, '-u', tool, 'CONFIG', '--seed', '0']
    done = subprocess.run(
        words, env={**clean, **environment}, capture_output=True, text=True, cwd=tmp_path
    )
    return done.stdout.splitlines(), done.stderr


@linux
def test_a_tool_is_started_once_more_with_the_same_words(tmp_path, library):
    lines, _ = run(tmp_path, SR4IR_TCMALLOC=str(library))
    assert lines == ['start', 'start', "['CONFIG', '--seed', '0'] Memory: tcmalloc"]


@linux
def test_so_is_the_tool_that_is_called_by_name(tmp_path, library):
    environment = {**os.environ, 'SR4IR_TCMALLOC': str(library), 'LD_DEBUG': 'files'}
    environment.pop('LD_PRELOAD', None)
    words = [sys.executable, '-m', 'sr4ir_mm', 'train', 'none.py']
    done = subprocess.run(words, env=environment, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    assert f'file={library}' in done.stderr


@linux
def test_what_is_preloaded_otherwise_stays(tmp_path, library):
    other = tmp_path / 'libother.so'
    shutil.copy(library, other)
    lines, _ = run(tmp_path, SR4IR_TCMALLOC=str(library), LD_PRELOAD=str(other))
    assert lines[-1].endswith('Memory: tcmalloc')


def test_it_can_be_left_out(tmp_path):
    lines, _ = run(tmp_path, SR4IR_TCMALLOC='off')
    assert lines == ['start', "['CONFIG', '--seed', '0'] Memory: the usual allocator"]


@linux
def test_an_allocator_of_the_users_choice_stays(tmp_path, library):
    chosen = tmp_path / 'libjemalloc.so.2'
    shutil.copy(library, chosen)
    lines, _ = run(tmp_path, SR4IR_TCMALLOC=str(library), LD_PRELOAD=str(chosen))
    assert lines == ['start', "['CONFIG', '--seed', '0'] Memory: the usual allocator"]


def test_a_process_that_is_not_the_tool_goes_on(monkeypatch, machine):
    install(machine / 'usr/lib')
    monkeypatch.setattr(os, 'execv', lambda *words: pytest.fail('started again'))
    allocator.serve_by_tcmalloc(str(Path(allocator.__file__).parents[2] / 'tools/train.py'))


@pytest.mark.parametrize('folder', ['usr/lib', 'usr/lib/x86_64-linux-gnu', 'venv/lib', 'conda/lib'])
def test_it_is_found_where_it_is_installed(machine, monkeypatch, folder):
    monkeypatch.setenv('CONDA_PREFIX', str(machine / 'conda'))
    assert allocator.find_tcmalloc() is None
    library = install(machine / folder)
    assert allocator.find_tcmalloc() == library


def test_the_small_one_comes_first(machine):
    install(machine / 'venv/lib', 'libtcmalloc.so.4')
    small = install(machine / 'usr/lib')
    assert allocator.find_tcmalloc() == small


def test_a_gpu_leaves_it_out(machine):
    install(machine / 'usr/lib')
    (machine / 'gpu').touch()
    assert allocator.find_tcmalloc() is None


def test_a_named_file_that_is_missing_is_told(machine, monkeypatch):
    monkeypatch.setenv(allocator.VARIABLE, '/nowhere/libtcmalloc.so')
    with pytest.raises(
        UserError, match="SR4IR_TCMALLOC=/nowhere/libtcmalloc.so is no file; .*'off'"
    ):
        allocator.find_tcmalloc()
