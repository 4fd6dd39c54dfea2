"""``metafile.yml`` and the list of configs in the ``README.md`` of each method, written from the configs themselves.

The form is OpenMMLab's; results are kept as they stand in the file, since only a run makes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from textwrap import fill

import yaml
from mmengine.config import Config

from sr4ir_mm.apis.reproduce.tables import Table

#: Metadata of a model with results: where the run that made them is kept.
RESULTS_FROM = 'Results From'
_BEGIN, _END = '<!-- configs: begin -->', '<!-- configs: end -->'
_TASKS = {
    'mmdet': 'Object Detection',
    'mmseg': 'Semantic Segmentation',
    'mmpretrain': 'Image Classification',
}
#: Part of a data root -> name of the set.
_DATA = {
    'sample': 'generated scenes',
    'VOC2012': 'PASCAL VOC 2012',
    'VOC2007': 'PASCAL VOC 2007',
    'stanford_cars': 'Stanford Cars',
    'CUB_200_2011': 'CUB-200-2011',
    'coco_stuff': 'COCO-Stuff',
    'coco': 'COCO',
    'DIV2K': 'DIV2K',
    'sign_digits': 'Sign Language Digits',
    'hand_signs': 'Sign Language Digits',
}


@dataclass(frozen=True)
class Method:
    """A folder of ``configs/``.

    Attributes:
        folder: Its path.
        title: First line of its README.
        configs: Its leaves, by name.
    """

    folder: Path
    title: str
    configs: tuple[Path, ...]

    @property
    def name(self) -> str:
        """Of the folder."""
        return self.folder.name


def methods(configs: Path) -> list[Method]:
    """Every folder of configs with a base, by name."""
    return [_method(base.parent) for base in sorted(configs.glob('*/_base_.py'))]


def _method(folder: Path) -> Method:
    readme = folder / 'README.md'
    title = folder.name
    if readme.is_file():
        title = readme.read_text(encoding='utf-8').partition('\n')[0].lstrip('# ')
    leaves = sorted(path for path in folder.glob('*.py') if path.name != '_base_.py')
    return Method(folder, title, tuple(leaves))


def metafile(method: Method) -> str:
    """Text of a method's metafile; collections and results that are in it stay."""
    path = method.folder / 'metafile.yml'
    old = yaml.safe_load(path.read_text(encoding='utf-8')) if path.is_file() else {}
    results = {model['Name']: model for model in old.get('Models', []) if 'Results' in model}
    collection = {'Name': method.title, 'README': f'configs/{method.name}/README.md'}
    (kept,) = old.get('Collections') or [{}]
    models = [
        _model(method, config, results.get(f'{method.name}_{config.stem}'))
        for config in method.configs
    ]
    content = {'Collections': [{**kept, **collection}], 'Models': models}
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)


def _model(method: Method, config: Path, old: Mapping | None) -> dict:
    cfg = _load(config)
    model = {
        'Name': f'{method.name}_{config.stem}',
        'In Collection': method.title,
        'Config': f'configs/{method.name}/{config.name}',
        'Metadata': {'Training Data': data_of(cfg), 'Task': task_of(cfg)},
    }
    if old is not None:
        # Written by hand beside the results: the files of the run that made them.
        model['Metadata'][RESULTS_FROM] = old['Metadata'][RESULTS_FROM]
        model['Results'] = old['Results']
    return model


@cache
def _load(config: Path) -> Config:
    return Config.fromfile(config)


def task_of(cfg: Config) -> str:
    """What a config is evaluated on."""
    images_alone = not cfg.model.get('test_cfg', {}).get('predict_task', True)
    return 'Super Resolution' if images_alone else _TASKS[cfg.default_scope]


def data_of(cfg: Config) -> str:
    """Name of the set that a config trains on, or is tested on if it does not train."""
    loader = cfg.get('train_dataloader') or cfg.val_dataloader
    dataset = loader.dataset
    while 'dataset' in dataset:
        dataset = dataset.dataset
    root = str(dataset.get('data_root') or cfg.get('data_root') or '')
    return next((name for part, name in _DATA.items() if part in root), root)


def readme(method: Method, tables: Sequence[Table]) -> str:
    """Text of a method's README; what stands outside the list of configs stays.

    Args:
        method: The method.
        tables: All tables, for the papers' values.
    """
    path = method.folder / 'README.md'
    text = path.read_text(encoding='utf-8') if path.is_file() else _new_readme(method)
    head, _, rest = text.partition(_BEGIN)
    _, _, tail = rest.partition(_END)
    lines = ['| config | task | data | in the paper |', '|---|---|---|---|']
    for config in method.configs:
        cfg = _load(config)
        known = papers_values(f'{method.name}/{config.stem}', tables)
        link = f'[{config.stem}]({config.name})'
        lines.append(f'| {link} | {task_of(cfg)} | {data_of(cfg)} | {known} |')
    listed = '\n'.join([_BEGIN, *lines, _END])
    return f'{head}{listed}{tail or chr(10)}'


def _new_readme(method: Method) -> str:
    """A README that says what the comment of the base config says."""
    lines = (method.folder / '_base_.py').read_text(encoding='utf-8').splitlines()
    comment = ' '.join(line.lstrip('# ') for line in lines if line.startswith('#'))
    return f'# {method.name}\n\n{fill(comment, 120)}\n\n'


def papers_values(config: str, tables: Sequence[Table]) -> str:
    """What a paper reports for a config, such as ``mIoU 55.0 (sr4ir/1)``; a dash where our notes know nothing."""
    for table in tables:
        for row in table.rows:
            same = row.run is not None and row.run.config == config and not row.run.options
            values = [
                f'{metric.name} {value:.{metric.digits}f}'
                for metric, value in zip(table.metrics, row.paper, strict=True)
                if value is not None
            ]
            if same and values:
                return f'{", ".join(values)} ({table.name})'
    return '–'


def model_index(configs: Path) -> str:
    """Text of ``model-index.yml``: every metafile."""
    lines = [f'  - configs/{method.name}/metafile.yml' for method in methods(configs)]
    head = '# What mim and mmengine read of a package; written by tools/update_metafiles.py.'
    return '\n'.join([head, 'Import:', *lines, ''])


def texts(root: Path, tables: Sequence[Table]) -> dict[Path, str]:
    """Every file that is written from the configs below ``root``, with what belongs into it."""
    found = {root / 'model-index.yml': model_index(root / 'configs')}
    for method in methods(root / 'configs'):
        found[method.folder / 'metafile.yml'] = metafile(method)
        found[method.folder / 'README.md'] = readme(method, tables)
    return found


def outdated(found: Mapping[Path, str]) -> list[Path]:
    """The files that are missing or say something else."""
    return [
        path
        for path, text in found.items()
        if not path.is_file() or path.read_text(encoding='utf-8') != text
    ]
