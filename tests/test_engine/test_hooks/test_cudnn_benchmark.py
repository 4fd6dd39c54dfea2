"""When cuDNN may try its algorithms."""

import pytest
import torch

from sr4ir_mm.engine.hooks import CudnnBenchmarkHook


@pytest.fixture(autouse=True)
def _flags():
    with torch.backends.cudnn.flags(benchmark=False, deterministic=False):
        yield


def batch(*sizes):
    return dict(inputs=[torch.zeros(3, *size) for size in sizes])


def test_on_while_all_images_have_one_size_and_off_in_evaluation():
    hook = CudnnBenchmarkHook()
    hook.before_train(None)
    hook.after_train_iter(None, 0, batch((8, 8), (8, 8)))
    assert torch.backends.cudnn.benchmark
    hook.before_val_epoch(None)
    assert not torch.backends.cudnn.benchmark
    hook.after_val_epoch(None)
    assert torch.backends.cudnn.benchmark
    hook.after_train_iter(None, 1, batch((8, 8), (8, 6)))
    assert not torch.backends.cudnn.benchmark
    hook.before_train_epoch(None)
    assert not torch.backends.cudnn.benchmark


def test_a_test_alone_leaves_it_off():
    hook = CudnnBenchmarkHook()
    hook.before_val_epoch(None)
    hook.after_val_epoch(None)
    assert not torch.backends.cudnn.benchmark


def test_deterministic_runs_leave_it_off():
    torch.backends.cudnn.deterministic = True
    CudnnBenchmarkHook().before_train(None)
    assert not torch.backends.cudnn.benchmark
