"""The check of all that a run needs, in the order in which a user can mend it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sr4ir_mm.utils.resources.data import (
    check_counts,
    check_dataset,
    check_evaluator,
    iter_datasets,
)
from sr4ir_mm.utils.resources.weights import check_weights

LOADERS = {'train': ('train_dataloader', 'val_dataloader'), 'test': ('test_dataloader',)}
EVALUATORS = {'train': ('val_evaluator',), 'test': ('test_evaluator',)}


def check_resources(cfg: Mapping[str, Any], mode: str = 'train') -> None:
    """Check that every data set and weight file that a run will need is there.

    Data sets of the data loaders in use (inside wrappers such as ``RepeatDataset`` and
    ``ConcatDataset`` too) must have their ``data_root``, ``ann_file`` and ``data_prefix``, and the
    annotation file must be readable and not empty. Of the weights, local files must exist; a URL
    (or ``torchvision://``, ``open-mmlab://``, ``mmcls://``) must be in torch's cache, or it is
    downloaded there now, so that training finds it. Data stored on a server, by a file backend
    other than the local one, is not looked at.

    A config of a public data set names it in ``data_set``; where its data lie at the usual place, files are counted. A
    config can say how its files are got: ``data_help`` (str) for all its data sets, ``weights_help`` and
    ``task_weights_help`` (dict of a part of the path or URL, or a pattern with ``*``, to a text).

    Args:
        cfg: The whole config.
        mode: 'train' looks at the training and validation data and at initial weights;
            'test' at the test data and the checkpoint in ``load_from``, or without one at
            ``model.init_from``.

    Raises:
        UserError: Something is missing; names the first such absolute path or URL, the key of the
            config that asks for it, and how to get it.
        ValueError: ``mode`` is neither of the two.
    """
    if mode not in LOADERS:
        raise ValueError(f"mode={mode!r} is unknown; expected 'train' or 'test'.")
    for name in LOADERS[mode]:
        for where, dataset in iter_datasets(cfg.get(name), name):
            check_dataset(dataset, where, cfg.get('data_help'))
    check_counts(cfg, LOADERS[mode])
    for name in EVALUATORS[mode]:
        check_evaluator(cfg.get(name), name, cfg.get('data_help'))
    check_weights(cfg, mode)
