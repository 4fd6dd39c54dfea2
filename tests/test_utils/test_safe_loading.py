"""Files of weights run no code."""

import os
import pickle
from collections import OrderedDict

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader

from sr4ir_mm.models.checkpoint import load_child_weights
from sr4ir_mm.utils.errors import UserError
from sr4ir_mm.utils.safe_loading import TRUST, load_local


class Runs:
    """Calls a function when it is read."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


class Reaches:
    """Reaches a function through getattr."""

    def __reduce__(self):
        return getattr, ('a string', 'format')


@pytest.mark.parametrize('legacy', [False, True])
def test_what_trainings_write_is_read(tmp_path, legacy):
    history = HistoryBuffer([1.0, 2.0], [1, 1])
    held = dict(
        state_dict=OrderedDict(weight=torch.rand(2, 2), half=torch.rand(2).half()),
        optimizer=dict(step=torch.tensor(3), betas=(0.9, 0.999)),
        meta=ConfigDict(classes=('a', 'b'), palette=np.arange(6).reshape(2, 3), mean=np.float32(2)),
        message_hub=dict(log_scalars=OrderedDict(loss=history)),
        parameter=torch.nn.Parameter(torch.ones(1)),
    )
    torch.save(held, tmp_path / 'x.pth', _use_new_zipfile_serialization=not legacy)

    read = CheckpointLoader.load_checkpoint(str(tmp_path / 'x.pth'), map_location='cpu')

    assert torch.equal(read['state_dict']['weight'], held['state_dict']['weight'])
    assert read['message_hub']['log_scalars']['loss'].mean() == 1.5
    assert np.array_equal(read['meta'].palette, held['meta'].palette)


@pytest.mark.parametrize(
    ('thing', 'named'),
    [(Runs('made'), r'mkdir'), (Reaches(), r'getattr..a string., .format..')],
)
@pytest.mark.parametrize('legacy', [False, True])
def test_code_is_refused_by_name_and_not_run(tmp_path, monkeypatch, thing, named, legacy):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / 'x.pth'
    held = dict(state_dict=dict(weight=torch.ones(2, 2)), meta=thing)
    torch.save(held, path, _use_new_zipfile_serialization=not legacy)

    with pytest.raises(UserError, match=rf'asks for .*{named}.*--trust-checkpoint'):
        load_child_weights(torch.nn.Linear(2, 2), str(path), 'task_net')

    assert not (tmp_path / 'made').exists()


def test_a_trusted_file_is_read_whatever_it_holds(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(TRUST, '1')
    torch.save(dict(state_dict={}, meta=Runs('made')), tmp_path / 'x.pth')

    load_local('x.pth', 'cpu')

    assert (tmp_path / 'made').is_dir()


def test_a_plain_pickle_is_no_way_around(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'x.pth').write_bytes(pickle.dumps(Runs('made')))

    with pytest.raises((UserError, pickle.UnpicklingError, RuntimeError)):
        load_local('x.pth', 'cpu')

    assert not (tmp_path / 'made').exists()
