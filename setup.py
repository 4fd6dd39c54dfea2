"""Packaging of sr4ir_mm.

The OpenMMLab libraries are no requirement here: users bring the family they already have (mmcv,
mmdet, ... or their onedl forks, which share the import names). The extras name them for those who
start from nothing; the tested versions are in ``requirements/lock.txt``.
"""

import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent


def read_version() -> str:
    """Read the version from ``sr4ir_mm/version.py`` without importing the package."""
    namespace: dict[str, str] = {}
    exec((ROOT / 'sr4ir_mm' / 'version.py').read_text(encoding='utf-8'), namespace)
    return namespace['__version__']


def read_requirements(name: str) -> list[str]:
    """Read the requirements of ``requirements/<name>.txt``, comments and blank lines left out."""
    lines = (ROOT / 'requirements' / f'{name}.txt').read_text(encoding='utf-8').splitlines()
    stripped = (line.split('#')[0].strip() for line in lines)
    return [line for line in stripped if line]


def read_description() -> str:
    """Read the README; an empty text where a source tree comes without it."""
    readme = ROOT / 'README.md'
    return readme.read_text(encoding='utf-8') if readme.is_file() else ''


class BuildWithConfigs(build_py):
    """Ships configs, tools and the small models inside the wheel as ``sr4ir_mm/.mim``, OpenMMLab's way.

    In a clone and an editable install, links in ``sr4ir_mm/.mim`` lead to the same folders.
    """

    def run(self) -> None:
        """Build the package, then add the folders; an editable install uses them where they are."""
        super().run()
        if getattr(self, 'editable_mode', False):
            return
        target = Path(self.build_lib) / 'sr4ir_mm' / '.mim'
        for name in ('configs', 'tools', 'demo/weights', 'demo/images'):
            if (ROOT / name).is_dir():
                shutil.copytree(
                    ROOT / name,
                    target / name,
                    dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns('__pycache__'),
                )
        if (ROOT / 'model-index.yml').is_file():
            shutil.copy(ROOT / 'model-index.yml', target)


NAMES = ('det', 'seg', 'cls', 'sr', 'metrics', 'export', 'analysis', 'web', 'tests')
EXTRAS = {name: read_requirements(name) for name in NAMES}
EXTRAS['all'] = sorted({line for name in NAMES if name != 'web' for line in EXTRAS[name]})

setup(
    name='sr4ir_mm',
    version=read_version(),
    description='Super-resolution trained for recognition, in front of OpenMMLab task networks',
    long_description=read_description(),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    license_files=['LICENSE'],
    packages=find_packages(include=['sr4ir_mm', 'sr4ir_mm.*']),
    python_requires='>=3.10',
    install_requires=read_requirements('runtime'),
    extras_require=EXTRAS,
    cmdclass={'build_py': BuildWithConfigs},
    classifiers=[
        'Programming Language :: Python :: 3.10',
        'Programming Language :: Python :: 3.11',
        'Programming Language :: Python :: 3.12',
    ],
)
