"""The lock, and what the set-up script says when it cannot start."""

import os
import subprocess
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]


def pins(*names):
    """Return the requirements of files in requirements/, comments left out."""
    lines = [
        line.split('#')[0].strip()
        for name in names
        for line in (ROOT / 'requirements' / name).read_text().splitlines()
    ]
    return [Requirement(line) for line in lines if line]


@pytest.mark.parametrize('python', ['3.10', '3.11', '3.12'])
def test_every_package_has_one_exact_version(python):
    """One pin a package for each Python on Linux; packaging and others of build.txt agree."""
    found = {}
    environment = {'python_version': python, 'python_full_version': f'{python}.1'}
    environment |= {'sys_platform': 'linux', 'platform_machine': 'x86_64'}
    for pin in pins('build.txt', 'lock.txt', 'lock_tests.txt'):
        if pin.marker is None or pin.marker.evaluate(environment):
            found.setdefault(pin.name.lower().replace('_', '-'), set()).add(str(pin.specifier))
    assert all(len(versions) == 1 for versions in found.values())
    assert all(next(iter(versions)).startswith('==') for versions in found.values())
    assert {'torch', 'mmcv', 'mmdet', 'mmsegmentation', 'mmpretrain', 'mmagic'} <= set(found)
    # It needs libGL; opencv-python-headless takes its place.
    assert 'opencv-python' not in found


def test_runtime_requirements_leave_openmmlab_to_the_user():
    names = {pin.name for pin in pins('runtime.txt')}
    assert 'torch' in names
    assert not [name for name in names if name.startswith(('mm', 'onedl'))]


def test_what_every_shipped_config_needs_is_required():
    assert 'tensorboard' in {pin.name for pin in pins('runtime.txt')}


def test_extras_bring_nothing_that_is_never_used():
    """mmagic would bring mediapipe, face-alignment and av; it is installed without its requirements."""
    extras = ('det.txt', 'seg.txt', 'cls.txt', 'sr.txt', 'metrics.txt', 'tests.txt')
    names = {pin.name for pin in pins(*extras)}
    assert 'mmagic' not in names
    assert {'mmdet', 'mmsegmentation', 'mmpretrain', 'einops', 'diffusers'} <= names


def test_a_gpu_without_nvcc_is_told_at_once(tmp_path):
    for there in (True, False):
        device = tmp_path / 'nvidia0'
        if there:
            device.touch()
        else:
            device.unlink()
        done = set_up(
            tmp_path,
            PYTHON='/nowhere/python',
            NVIDIA_DEVICE=str(device),
            CUDA_HOME=str(tmp_path / 'no cuda'),
            PATH=without_nvcc(tmp_path),
        )
        assert ('no nvcc' in done.stderr) == there


def without_nvcc(tmp_path):
    """The usual PATH without the folders that hold nvcc."""
    folders = os.environ['PATH'].split(os.pathsep)
    return os.pathsep.join(f for f in folders if not Path(f, 'nvcc').exists())


def set_up(tmp_path, **environment):
    return subprocess.run(
        ['bash', str(ROOT / 'tools/setup_env.sh')],
        env={**os.environ, 'VENV': str(tmp_path / 'a b'), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_no_python(tmp_path):
    done = set_up(tmp_path, PYTHON='/nowhere/python')
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert '/nowhere/python not found' in line
    assert not (tmp_path / 'a b').exists()


def test_no_compiler(tmp_path):
    """A PATH with the everyday commands but no compiler."""
    (tmp_path / 'bin').mkdir()
    for command in ('bash', 'cat', 'dirname', 'grep', 'ls', 'tr'):
        for folder in ('/bin', '/usr/bin'):
            if Path(folder, command).exists():
                (tmp_path / 'bin' / command).unlink(missing_ok=True)
                (tmp_path / 'bin' / command).symlink_to(Path(folder, command))
    done = set_up(tmp_path, PATH=str(tmp_path / 'bin'), CXX='')
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert 'C++ compiler' in line


def test_folder_that_is_no_environment(tmp_path):
    (tmp_path / 'a b').mkdir()
    (tmp_path / 'a b' / 'thesis.txt').touch()
    done = set_up(tmp_path)
    assert done.returncode == 1
    assert 'no virtual environment' in done.stderr
    assert (tmp_path / 'a b' / 'thesis.txt').exists()
