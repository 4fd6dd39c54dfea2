"""The page from pip install to an ONNX file, in a fresh environment outside the clone."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / 'docs' / 'use.md').read_text()
#: What the page has large and the test small.
SMALLER = {
    '--out data/sample': '--out data/sample --train 16 --val 4',
    'max_epochs=30': 'max_epochs=1, val_interval=1',
    'epoch_30.pth': 'epoch_1.pth',
}
CARRIED = ('configs', 'tools', 'sr4ir_mm', 'requirements', 'demo', 'setup.py', 'pyproject.toml')


def smaller(text):
    for large, small in SMALLER.items():
        text = text.replace(large, small)
    return text


def commands():
    """Every command of the page, in order; lines that end in a backslash go on."""
    blocks = re.findall(r'```bash\n(.*?)```', PAGE, re.DOTALL)
    text = '\n'.join(blocks).replace('\\\n', ' ')
    return [smaller(line.split('    #')[0]) for line in text.splitlines() if line.strip()]


def programs():
    """Python of the page that stands in no file."""
    blocks = re.findall(r'(`[\w/]+\.py`\n\n)?```python\n(.*?)```', PAGE, re.DOTALL)
    return [code for name, code in blocks if not name]


def files():
    found = re.findall(r'`([\w/]+\.py)`\n\n```python\n(.*?)```', PAGE, re.DOTALL)
    return {name: smaller(code) for name, code in found}


@pytest.fixture(scope='module')
def wheel(tmp_path_factory):
    """The wheel, built from a copy: the build leaves folders behind."""
    copy = tmp_path_factory.mktemp('clone')
    for name in (*CARRIED, 'README.md', 'LICENSE', 'MANIFEST.in', 'model-index.yml'):
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns('__pycache__')
            shutil.copytree(source, copy / name, symlinks=True, ignore=ignored)
        else:
            shutil.copy(source, copy / name)
    build = [sys.executable, '-m', 'pip', 'wheel', '-q', '--no-deps', '--no-build-isolation']
    subprocess.run([*build, '-w', 'dist', '.'], cwd=copy, check=True, timeout=300)
    (path,) = (copy / 'dist').glob('*.whl')
    return path


@pytest.fixture(scope='module')
def project(wheel, tmp_path_factory):
    """An environment with the wheel and this one's libraries, and a folder with the three files."""
    root = tmp_path_factory.mktemp('project')
    subprocess.run([sys.executable, '-m', 'venv', '--without-pip', root / 'venv'], check=True)
    (site,) = (root / 'venv' / 'lib').glob('python3*/site-packages')
    # A .pth file adds the libraries after the new environment's own, and none of their editable installs.
    (site / 'libraries.pth').write_text(sysconfig.get_path('purelib'))
    (root / 'dist').mkdir()
    shutil.copy(wheel, root / 'dist')
    for name, code in files().items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(code)
    environment = {k: v for k, v in os.environ.items() if k not in ('PYTHONPATH', 'PYTHONHOME')}
    environment.update(
        PATH=f'{root / "venv" / "bin"}:{os.environ["PATH"]}', PYTHONWARNINGS='ignore'
    )

    def run(command):
        # pip of this environment installs into the other.
        pip = f'"{sys.executable}" -m pip --python "{root / "venv" / "bin" / "python"}" '
        command = re.sub('^pip ', pip, command)
        done = subprocess.run(
            ['bash', '-c', command],
            cwd=root,
            env=environment,
            capture_output=True,
            text=True,
            timeout=280,
        )
        assert done.returncode == 0, f'{command}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}'
        return done.stdout

    return root, run


@pytest.mark.timeout(900)
def test_every_command_and_program_of_the_page_runs_outside_the_clone(project):
    pytest.importorskip('onnxruntime')
    root, run = project

    for command in commands():
        run(command)
    for number, program in enumerate(programs()):
        (root / f'program_{number}.py').write_text(program)
        run(f'python program_{number}.py')

    where = run('python -c "import sr4ir_mm; print(sr4ir_mm.__file__)"')
    assert where.startswith(str(root / 'venv'))
    for made in ('outputs/predictions.json', 'report/index.html', 'sr4ir.onnx'):
        assert (root / made).is_file()
    assert 'rtmdet' in (root / 'rtmdet_sr4ir_x4.py').read_text()


def test_the_page_has_commands_programs_and_a_project_of_three_files():
    assert len(commands()) == 10
    assert len(programs()) == 2
    assert len(files()) == 3
