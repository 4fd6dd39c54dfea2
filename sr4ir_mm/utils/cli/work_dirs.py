"""Where a run writes, and from what it goes on."""

from __future__ import annotations

import os.path as osp
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from sr4ir_mm.utils.errors import UserError

if TYPE_CHECKING:
    from mmengine.config import Config


def set_work_dir(cfg: Config, work_dir: str | None, config_path: str) -> None:
    """Set the work_dir: the option, else what the config says, else :func:`default_work_dir`."""
    if work_dir is not None:
        cfg.work_dir = work_dir
    elif cfg.get('work_dir') is None:
        cfg.work_dir = default_work_dir(config_path)


def default_work_dir(config_path: str) -> str:
    """``./work_dirs/<method>/<name>`` for ``configs/<method>/<name>.py``, as methods share the names of their configs.

    Any other config gets OpenMMLab's ``./work_dirs/<name>``.
    """
    path = Path(config_path).resolve()
    method = [path.parent.name] if path.parent.parent.name == 'configs' else []
    return osp.join('./work_dirs', *method, path.stem)


def check_work_dir_is_writable(work_dir: str) -> None:
    """Make the work_dir, and check that files can be made in it before anything is loaded.

    Raises:
        UserError: They cannot.
    """
    try:
        Path(work_dir).mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=work_dir):
            pass
    except OSError as error:
        raise UserError(
            f'nothing can be written in the work_dir {work_dir} ({error.strerror}); give another with --work-dir, or '
            'correct its rights.'
        ) from error


def check_work_dir_is_ours(cfg: Config, config_path: str) -> None:
    """Check that the default work_dir does not hold a run of another method.

    Configs of several methods may share a name, and outside ``configs/<method>/`` with it the default folder.

    Args:
        cfg: The config with its ``work_dir``.
        config_path: Its file, whose name the run's own copy in the work_dir has.

    Raises:
        UserError: The copy there has other phases.
    """
    from mmengine.config import Config

    copy = osp.join(cfg.work_dir, osp.basename(config_path))
    if not osp.isfile(copy):
        return
    phases = [(run.get('model') or {}).get('phases') for run in (cfg, Config.fromfile(copy))]
    if phases[0] != phases[1]:
        raise UserError(
            f'{cfg.work_dir} holds a run with other phases than {config_path}; give this one a folder of its own '
            'with --work-dir.'
        )


def set_resume(cfg: Config, resume: str | None) -> None:
    """Set what ``--resume`` asks for.

    Args:
        cfg: Changed in place.
        resume: None leaves the config as it is; 'auto' takes the latest checkpoint of the
            work_dir, and where there is none starts as the config says; else the checkpoint to go on from.
    """
    if resume is None or (resume == 'auto' and not _holds_checkpoint(cfg.get('work_dir'))):
        return
    cfg.resume = True
    cfg.load_from = None if resume == 'auto' else resume


def _holds_checkpoint(work_dir: str | None) -> bool:
    """Whether a run has saved anything there that it can be resumed from."""
    names = ('last_checkpoint', 'epoch_*.pth', 'iter_*.pth')
    return work_dir is not None and any(any(Path(work_dir).glob(name)) for name in names)
