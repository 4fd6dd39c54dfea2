"""Every run of the tables for two iterations and one evaluation: narrow networks, generated data, one process."""

from __future__ import annotations

import io
import logging
import random
import shlex
import warnings
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config

from sr4ir_mm.apis.reproduce.experiment import Experiment, is_trained, load
from sr4ir_mm.apis.reproduce.tables import TableRun
from sr4ir_mm.apis.runs import Launch, Plan, last_checkpoint
from sr4ir_mm.models.checkpoint import load_initial_weights
from sr4ir_mm.testing.miniatures import COUNT, use_miniatures, write_image
from sr4ir_mm.testing.state import forget_globals
from sr4ir_mm.testing.tiny import shrink, shrink_data
from sr4ir_mm.utils import cli
from sr4ir_mm.utils.data_sets import DATA_SETS
from sr4ir_mm.utils.errors import UserError

#: Of one iteration each: some losses and schedules begin with the second.
EPOCHS = 2


@dataclass(frozen=True)
class SmokeExperiment(Experiment):
    """An experiment whose runs prove that every cell of a table can be made, and nothing else."""

    def finish(self, run: TableRun, devices: object = ()) -> str:
        """Train two iterations, test, and write the metrics, by the Runner that ``tools/train.py`` builds.

        Raises:
            UserError: It failed, or measured something that is no number.
        """
        if run.command:
            make_images(shlex.split(run.command), self.folder())
            return self.analyse(run, Launch())
        forget_globals()
        logging.disable(logging.WARNING)
        try:
            # COCO's evaluation prints a screen a run.
            with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
                warnings.simplefilter('ignore')
                metrics = self._run(self.config(run))
        except UserError:
            raise
        except Exception as error:
            reason = ' '.join(f'{type(error).__name__}: {error}'.split())
            raise UserError(f'{run.name} fails: {reason}') from error
        finally:
            logging.disable(logging.NOTSET)
            forget_globals()
        trained = is_trained(load(run))
        return self.keep(run, last_checkpoint(self.work_dir(run)) if trained else None, metrics)

    def checkpoint(self, run: TableRun) -> Path:
        """The last one; a smoke run ends after two epochs, whatever its config says."""
        return last_checkpoint(self.work_dir(run))

    def folder(self) -> Path:
        """Analyses find the generated data here."""
        return self.root.resolve()

    def config(self, run: TableRun) -> Config:
        """A run's config, made small; its chain of earlier runs stays."""
        # Laying the config out takes seconds, and mmengine asks for it nine times a run.
        cfg = Config(load(run).to_dict(), format_python_code=False)
        cfg.merge_from_dict(dict(run.options))
        shrink(cfg)
        shrink_data(cfg)
        show_all(cfg.model.task_net.get('test_cfg'))
        use_miniatures(cfg, self.folder())
        sources = self.sources(run)
        if sources:
            cfg.model.init_from = {
                net: str(last_checkpoint(self.work_dir(source))) for net, source in sources.items()
            }
        for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
            if cfg.get(name):
                cfg[name].update(num_workers=0, batch_size=COUNT if name[:5] == 'train' else 1)
                cfg[name].pop('persistent_workers', None)
        if is_trained(cfg):
            cfg.train_cfg.update(max_epochs=EPOCHS, val_interval=EPOCHS + 1)
        cfg.visualizer.vis_backends = [dict(type='LocalVisBackend')]
        cfg.work_dir = str(self.work_dir(run))
        cfg.experiment_name = run.name.replace('/', '_')
        return cfg

    def _run(self, cfg: Config) -> dict[str, float]:
        random.seed(0)
        np.random.seed(0)
        torch.manual_seed(0)
        runner = cli.build_runner(cfg)
        if is_trained(cfg):
            runner.train()
        else:
            load_initial_weights(runner.model.nets(), runner.model.init_from)
        metrics = runner.test()
        return {name: float(value) for name, value in metrics.items()}

    def plan(self, gpus: object = (), gpus_per_run: int = 1) -> Plan[TableRun]:
        """As of any experiment; runs go one after the other, since mmengine's global state is one a process."""
        return Plan(
            sources=self.trained_first,
            done=self.done,
            finish=self.finish,
            name=lambda run: run.name,
        )


def make_images(words: Sequence[str], folder: Path) -> None:
    """Make the images that an analysis names: files, folders of two, and known sets, whose files are counted."""
    for word in words:
        if word.startswith('data/') and not (folder / word).exists():
            for path in _images_of(folder / word):
                write_image(path, seed=len(word))


def _images_of(path: Path) -> list[Path]:
    if path.suffix:
        return [path]
    known = DATA_SETS.get(path.name.lower())
    if known is None:
        return [path / f'{index}.png' for index in range(2)]
    (part,) = known.parts
    return [path / part.pattern.replace('*', str(index)) for index in range(part.count)]


def show_all(test_cfg: Any) -> None:
    """Have a detector tell boxes of any score, in place: without a box, COCO's evaluation has no result."""
    for key, value in test_cfg.items() if isinstance(test_cfg, dict) else ():
        if key == 'score_thr':
            test_cfg[key] = 0.0
        show_all(value)


def smoke_experiment(root: Path) -> SmokeExperiment:
    """One below ``root``, which must hold no runs of an earlier state of the code."""
    return SmokeExperiment(root=root, lpips=False)
